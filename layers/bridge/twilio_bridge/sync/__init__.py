"""Back-fills and the export: what Twilio holds, slice by slice, into the reducer of support events or into files."""
