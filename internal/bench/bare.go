package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"sekisho/spec"
	"sekisho/spec/jcb"
)

// bare is the least that could be done: read frames, write as many bytes to disk as the switch
// does for each, one sync for all who wait, answer from the request's bytes. It decides nothing
// and remembers nothing.
type bare struct {
	addr     string
	dialect  *jcb.Dialect
	listener net.Listener
	file     *os.File
	at       int64
	mu       sync.Mutex
	waiting  []waiter
	wake     chan struct{}
	done     sync.WaitGroup
	ended    chan struct{}
	failed   error
}

type waiter struct {
	conn    net.Conn
	answers []byte
	records int
}

const (
	bareRecord = 400      // bytes the switch writes for an authorization, framing included
	bareFile   = 64 << 20 // zeroed once and used round and round
	page       = 4096
)

func openBare(name string, d *jcb.Dialect) (*bare, error) {
	b := &bare{dialect: d, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	flags := os.O_RDWR | os.O_CREATE
	file, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	for at := int64(0); at < bareFile; at += 1 << 20 {
		if _, err := file.WriteAt(make([]byte, 1<<20), at); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if b.file, err = os.OpenFile(name, flags|syscall.O_DIRECT|syscall.O_DSYNC, 0o600); err != nil {
		if b.file, err = os.OpenFile(name, flags|syscall.O_DSYNC, 0o600); err != nil {
			return nil, err
		}
	}
	if b.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(err, b.file.Close())
	}
	b.addr = b.listener.Addr().String()
	b.done.Go(b.accept)
	b.done.Go(b.commit)
	return b, nil
}

func (b *bare) close() {
	_ = b.listener.Close()
	close(b.ended)
	b.done.Wait()
	if err := errors.Join(b.failed, b.file.Close()); err != nil {
		fmt.Fprintln(os.Stderr, "bench: the bare loop:", err)
	}
}

func (b *bare) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.done.Go(func() { b.read(conn) })
	}
}

func (b *bare) read(conn net.Conn) {
	defer conn.Close()
	in := make([]byte, 0, 1<<16)
	answer := spec.Response{Reason: spec.Approved, Approval: spec.ApprovalCode{'1', '2', '3', '4', '5', '6'}}
	for {
		n, err := conn.Read(in[len(in):cap(in)])
		if err != nil {
			return
		}
		in = in[:len(in)+n]
		w := waiter{conn: conn}
		rest := in
		for len(rest) >= 4 && len(rest) >= 4+int(binary.BigEndian.Uint16(rest)) {
			frame := rest[4 : 4+int(binary.BigEndian.Uint16(rest))]
			at := len(w.answers)
			w.answers = b.dialect.AppendReply(append(w.answers, 0, 0, 0, 0), frame, answer)
			binary.BigEndian.PutUint16(w.answers[at:], uint16(len(w.answers)-at-4)) //nolint:gosec // a few hundred
			w.records++
			rest = rest[4+len(frame):]
		}
		in = append(in[:0], rest...)
		if w.records == 0 {
			continue
		}
		b.mu.Lock()
		b.waiting = append(b.waiting, w)
		b.mu.Unlock()
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// commit writes what has gathered, then answers it.
func (b *bare) commit() {
	buffer := aligned(8 << 20)
	for {
		select {
		case <-b.wake:
		case <-b.ended:
			return
		}
		b.mu.Lock()
		group := b.waiting
		b.waiting = nil
		b.mu.Unlock()
		size := 0
		for _, w := range group {
			size += w.records * bareRecord
		}
		size = min((size+page-1)/page*page+page, len(buffer)) // and a page of parity
		if b.at+int64(size) > bareFile {
			b.at = 0
		}
		if _, err := b.file.WriteAt(buffer[:size], b.at); err != nil {
			b.failed = err
			return
		}
		b.at += int64(size)
		for _, w := range group {
			_, _ = w.conn.Write(w.answers) // a peer that is gone gets nothing
		}
	}
}

func aligned(size int) []byte {
	b := make([]byte, size+page)
	off := page - int(uintptr(unsafe.Pointer(&b[0]))%page)
	return b[off : off+size]
}
