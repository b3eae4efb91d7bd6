"""Reading and running notebooks: cells, dataflow, environment, inputs, replay, package."""
