package attached

import (
	"os/user"
	"strconv"
)

// Access is who may open a device file.
type Access struct {
	Owner string `json:"owner,omitempty"` // user
	Group string `json:"group,omitempty"`
	Mode  string `json:"mode,omitempty"` // rw-rw----
	You   bool   `json:"you"`            // this program's user may
	UID   int    `json:"-"`
	GID   int    `json:"-"`
	bits  uint32
}

// String reads "root:dialout rw-rw----".
func (a Access) String() string {
	if a.Mode == "" {
		return ""
	}
	return a.Owner + ":" + a.Group + " " + a.Mode
}

// May reports whether the permission bits let a user with these groups read and write. Root may always.
func (a Access) May(uid int, groups []int) bool {
	const readWrite = 6
	if a.Mode == "" || uid == 0 {
		return true // no such bits here, or they do not bind
	}
	if uid == a.UID {
		return a.bits>>6&readWrite == readWrite
	}
	for _, g := range groups {
		if g == a.GID {
			return a.bits>>3&readWrite == readWrite
		}
	}
	return a.bits&readWrite == readWrite
}

// User names a user id; the number where it has no name.
func User(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}

func group(gid int) string {
	if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
		return g.Name
	}
	return strconv.Itoa(gid)
}

// Groups lists the groups of a user by the system's files.
func Groups(uid int) []int {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return nil
	}
	ids, err := u.GroupIds()
	if err != nil {
		return nil
	}
	var out []int
	for _, id := range ids {
		if n, err := strconv.Atoi(id); err == nil {
			out = append(out, n)
		}
	}
	return out
}
