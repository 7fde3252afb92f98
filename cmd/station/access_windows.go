package main

// accessible has nothing to ask: Windows gives ports to whoever opens them first.
func accessible(string) error { return nil }
