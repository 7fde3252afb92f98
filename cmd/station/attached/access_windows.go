package attached

// access has nothing to ask: Windows gives ports to whoever opens them first.
func access(string) Access { return Access{You: true} }
