"""How the shipped model and the small fitted weights were made; no part of the product."""
