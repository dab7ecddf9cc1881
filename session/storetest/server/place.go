//go:build linux

package server

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// find returns the path of a program: in the folders that the patterns match,
// the last version first, or in PATH.
func find(name, debian string, patterns ...string) (string, error) {
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(filepath.Join(pattern, name))
		if len(matches) > 0 {
			return slices.MaxFunc(matches, byVersion), nil
		}
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("there is no program %s: install the Debian package %s", name, debian)
}

// byVersion has 9 before 15: the longer path is the later version, if all that
// differs is one number.
func byVersion(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return slices.Compare([]byte(a), []byte(b))
}

// owner returns whom the server runs as if we are root: servers refuse to be.
func owner(users []string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range users {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("root cannot run it, and there is no user of %q", users)
}

// folder makes a temporary folder, with those for the disk and for scratch
// files in it, where the owner can reach it: root's TMPDIR may be closed to all
// others.
func folder(name string, owner *syscall.Credential) (string, error) {
	place := os.TempDir()
	if owner != nil && !open(place) {
		place = "/tmp"
	}
	// The system knows the folder of a process without symbolic links.
	place, err := filepath.EvalSymlinks(place)
	if err != nil {
		return "", err
	}
	path, err := os.MkdirTemp(place, "spindle-"+name+"-")
	if err != nil {
		return "", err
	}
	for _, p := range []string{path, filepath.Join(path, "disk"), filepath.Join(path, "tmp")} {
		if p != path {
			err = os.Mkdir(p, 0o700)
		}
		err = errors.Join(err, give(p, owner))
	}
	return path, err
}

// open reports whether everybody can reach what is in the folder.
func open(path string) bool {
	for {
		info, err := os.Stat(path)
		if err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(path)
		if parent == path {
			return true
		}
		path = parent
	}
}

func give(path string, owner *syscall.Credential) error {
	if owner == nil {
		return nil
	}
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

// file writes a file for the server to read.
func (s *Server) file(name, content string) (string, error) {
	path := filepath.Join(s.folder, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return "", err
	}
	return path, give(path, s.owner)
}

// A port is one that the system gives to nobody else while the server is down:
// not to outgoing connections, and not to listeners that take any.
type port struct {
	number int
	socket *os.File
}

// reservePort binds a socket to a free port, and leaves it at that. One that
// does not listen is not in the server's way: both have SO_REUSEADDR.
func reservePort() (*port, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	p := &port{socket: os.NewFile(uintptr(fd), "port")}
	var addr syscall.Sockaddr = &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(fd, addr)
	}
	if err == nil {
		addr, err = syscall.Getsockname(fd)
	}
	if err != nil {
		return nil, errors.Join(os.NewSyscallError("bind", err), p.socket.Close())
	}
	p.number = addr.(*syscall.SockaddrInet4).Port
	return p, nil
}
