"""The first layers of EfficientNet-Lite0, trained on ImageNet: weights, graph, and the programs that can run it."""
