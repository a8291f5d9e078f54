"""Frame → Judgement: runs the detectors of each camera, and keeps what they learned. Decides nothing about events."""
