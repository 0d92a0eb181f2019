"""template.yaml as a bundle, and the bundle's resources."""
