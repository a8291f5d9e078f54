"""The science of rareframe: arrays in, numbers out. Imports nothing of `monitor`, no sockets, no video, no web."""
