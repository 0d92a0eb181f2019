"""`twilio-bridge logs`: the functions' log lines, deployed or local."""
