"""How we know: metrics and protocols over scores that were logged before learning. Reads no files, opens no video."""
