package embedded

import "unsafe"

// pages makes n zeroed pages that begin at a multiple of PageSize, as direct writing asks for.
func pages(n int) []byte {
	b := make([]byte, (n+1)*PageSize)
	off := int(-uintptr(unsafe.Pointer(&b[0])) & (PageSize - 1)) //nolint:gosec // only the address is looked at
	return b[off : off+n*PageSize : off+n*PageSize]
}

// wholePages rounds a number of bytes up to whole pages.
func wholePages(n int) int { return (n + PageSize - 1) &^ (PageSize - 1) }
