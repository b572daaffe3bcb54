//go:build !linux

package embedded

import "os"

// directFlags is 0: files are buffered and synced.
const directFlags = 0

func syncBytes(f *os.File) error { return f.Sync() }
