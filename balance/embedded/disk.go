package embedded

import "io"

// Disk is what the store asks of a file system. Names are paths; a file that is not there gives an
// error that is fs.ErrNotExist.
type Disk interface {
	// MakeDir makes a directory and those above it, durably.
	MakeDir(dir string) error
	// List names what is in a directory, in any order.
	List(dir string) ([]string, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Create opens a new, empty file for writing, in place of one of that name.
	Create(name string) (File, error)
	// OpenLog opens a file for reading and for writing whole pages: offset, length and
	// address of everything written are multiples of PageSize.
	OpenLog(name string) (File, error)
	// Rename gives a file a new name, in place of one that has it.
	Rename(old, new string) error
	// Remove removes a file.
	Remove(name string) error
	// SyncDir makes durable which files a directory has.
	SyncDir(dir string) error
	// Lock takes a lock for this process until it is closed. One that is taken gives a
	// *LockedError.
	Lock(name string) (io.Closer, error)
}

// File is an open file of a Disk.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes durable what was written. Where writing does that already it does nothing.
	Sync() error
	// Size is the file's length in bytes.
	Size() (int64, error)
}

// PageSize is the unit in which the log is written, in bytes.
const PageSize = 4096
