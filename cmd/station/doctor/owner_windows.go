package doctor

import "golang.org/x/sys/windows"

// owner is not told by numbers here.
func owner(string) (uid int, ok bool) { return 0, false }

// free is how many bytes this user may still write at a path.
func free(path string) (uint64, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var n uint64
	if err := windows.GetDiskFreeSpaceEx(p, &n, nil, nil); err != nil {
		return 0, err
	}
	return n, nil
}
