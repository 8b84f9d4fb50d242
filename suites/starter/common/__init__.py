"""Code that both tasks of the suite share: training, ONNX writing, quantisation, evaluation."""
