"""A stand-in for the part of Okta that keeps SAML applications."""
