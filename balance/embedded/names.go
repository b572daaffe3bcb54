package embedded

import (
	"sync/atomic"
	"unsafe"
)

// names keeps log names one after the other, out of the garbage collector's sight. They are never
// moved and never dropped. One goroutine at a time may add; any may read a name that it knows of.
type names struct {
	blocks atomic.Pointer[[][]byte]
	used   int // bytes of the last block
}

const nameBlock = 64 << 10

// nameRef is where a name is: its offset over all blocks, and its length in the lowest byte.
type nameRef uint64

// add keeps a copy of a name of at most 255 bytes.
func (n *names) add(name string) nameRef {
	var blocks [][]byte
	if p := n.blocks.Load(); p != nil {
		blocks = *p
	}
	if len(blocks) == 0 || n.used+len(name) > nameBlock {
		// A new slice, as others may be reading the old one.
		blocks = append(blocks[:len(blocks):len(blocks)], make([]byte, nameBlock))
		n.blocks.Store(&blocks)
		n.used = 0
	}
	at := (len(blocks)-1)*nameBlock + n.used
	n.used += copy(blocks[len(blocks)-1][n.used:], name)
	return nameRef(at)<<8 | nameRef(len(name))
}

// get is a name that was added. It shares the block's memory, which never changes again.
func (n *names) get(r nameRef) string {
	at, length := int(r>>8), int(r&0xff)
	if length == 0 {
		return ""
	}
	return borrowed((*n.blocks.Load())[at/nameBlock][at%nameBlock:][:length])
}

// borrowed is b as a string without a copy: it must not be kept longer than b stays as it is.
func borrowed(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
