package embedded

import (
	"os"
	"syscall"
)

// directFlags open a file past the page cache, durable as soon as written.
const directFlags = syscall.O_DIRECT | syscall.O_DSYNC

func syncBytes(f *os.File) error {
	for {
		err := syscall.Fdatasync(int(f.Fd())) //nolint:gosec // a descriptor fits
		if err != syscall.EINTR {             //nolint:errorlint // a number, never wrapped
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
