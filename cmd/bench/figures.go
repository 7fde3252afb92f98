package main

// figures lists everything that is measured, in the order of the table.
func figures() []Figure {
	return nil
}
