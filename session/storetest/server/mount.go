//go:build linux

package server

import (
	"fmt"
	"syscall"
)

// mount gives the server a disk of its own, in memory. Only our thread and the
// processes that it starts see it, and it ends with the last of them.
func (s *Server) mount() error {
	return s.thread.do(func() error {
		if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
			return err
		}
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", s.disk(), "tmpfs", diskFlags, fmt.Sprint("mode=700,size=", s.Disk)); err != nil {
			return err
		}
		return give(s.disk(), s.owner)
	})
}

const diskFlags = syscall.MS_NOSUID | syscall.MS_NODEV

// resize changes the size of the disk, to no less than what is used.
func (s *Server) resize(size int64) error {
	return s.thread.do(func() error {
		return syscall.Mount("", s.disk(), "", syscall.MS_REMOUNT|diskFlags, fmt.Sprint("size=", size))
	})
}

// shrink makes the disk as small as what is used of it, which may grow while we
// look.
func (s *Server) shrink() error {
	return poll(func() (bool, error) {
		var disk syscall.Statfs_t
		err := s.thread.do(func() error { return syscall.Statfs(s.disk(), &disk) })
		if err != nil {
			return false, err
		}
		err = s.resize(int64(disk.Blocks-disk.Bfree) * int64(disk.Bsize))
		if err == syscall.EINVAL {
			return false, nil
		}
		return true, err
	})
}
