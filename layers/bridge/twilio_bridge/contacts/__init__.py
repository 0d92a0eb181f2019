"""Contacts: who the company's customers are, and which worker may see them."""
