package disk

// SyncDir has nothing to do: NTFS journals names, and a directory cannot be flushed.
func SyncDir(string) error { return nil }
