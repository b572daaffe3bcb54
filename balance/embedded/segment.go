package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// segmentDir is where a store's segments are: files of numbers that follow each other, zeroed
// from end to end before they get their name.
type segmentDir struct {
	disk Disk
	dir  string
}

const (
	segmentSuffix  = ".seg"
	segmentPrepare = "prepare.tmp" // a segment that is being zeroed
	zeroPortion    = 1 << 20       // zeroed and synced at a time, so that the log's writes get between
)

func (d segmentDir) name(number uint32) string {
	return filepath.Join(d.dir, fmt.Sprintf("%08d%s", number, segmentSuffix))
}

// list is the numbers of the segments that are there, lowest first.
func (d segmentDir) list() ([]uint32, error) {
	names, err := d.disk.List(d.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var numbers []uint32
	for _, name := range names {
		digits, is := strings.CutSuffix(name, segmentSuffix)
		n, parseErr := strconv.ParseUint(digits, 10, 32)
		if is && parseErr == nil && n > 0 {
			numbers = append(numbers, uint32(n))
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// length is a segment's size in bytes.
func (d segmentDir) length(number uint32) (size int64, err error) {
	f, err := d.disk.Open(d.name(number))
	if err != nil {
		return 0, err
	}
	size, err = f.Size()
	return size, errors.Join(err, f.Close())
}

// allZero says whether nothing was ever written to these segments.
func (d segmentDir) allZero(numbers []uint32) (bool, error) {
	for _, number := range numbers {
		zero, err := d.zeroed(number)
		if err != nil || !zero {
			return false, err
		}
	}
	return true, nil
}

func (d segmentDir) zeroed(number uint32) (zero bool, err error) {
	f, err := d.disk.Open(d.name(number))
	if err != nil {
		return false, err
	}
	var w window
	err = w.open(f)
	zero = true
	for off := int64(0); err == nil && zero && off < w.size; off += windowSize {
		var b []byte
		b, err = w.bytes(off, windowSize)
		zero = allZero(b)
	}
	return zero, errors.Join(err, f.Close())
}

var errStopped = errors.New("stopped")

// prepare makes a zeroed segment. It gives up with errStopped when stop says so.
func (d segmentDir) prepare(number uint32, size int64, stop func() bool) error {
	tmp := filepath.Join(d.dir, segmentPrepare)
	f, err := d.disk.Create(tmp)
	if err != nil {
		return err
	}
	err = zero(f, size, stop)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.disk.Rename(tmp, d.name(number)); err != nil {
		return err
	}
	return d.disk.SyncDir(d.dir)
}

func zero(f File, size int64, stop func() bool) error {
	zeros := make([]byte, min(size, zeroPortion))
	for off := int64(0); off < size; off += int64(len(zeros)) {
		if stop() {
			return errStopped
		}
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// preparer keeps the next segment ready, so that the log never waits for one to be zeroed.
type preparer struct {
	segments segmentDir
	size     int64
	log      *slog.Logger

	mu      sync.Mutex
	changed *sync.Cond
	ready   []uint32 // zeroed and not taken
	next    uint32   // the one to be prepared next
	err     error    // why it could not be
	waiting bool     // take waits
	closing bool
}

func newPreparer(d segmentDir, size int64, log *slog.Logger, ready []uint32, next uint32) *preparer {
	p := &preparer{segments: d, size: size, log: log, ready: ready, next: next}
	p.changed = sync.NewCond(&p.mu)
	return p
}

// run prepares segments until close. After a failure it waits until somebody needs the segment
// and then tries once more: a disk that is full now may have room by then.
func (p *preparer) run() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for !p.closing && (len(p.ready) > 0 || p.err != nil) {
			p.changed.Wait()
		}
		if p.closing {
			return
		}
		number := p.next
		p.mu.Unlock()
		err := p.segments.prepare(number, p.size, p.stopped)
		p.mu.Lock()
		if err == nil {
			p.ready = append(p.ready, number)
			p.next++
		} else if p.err = err; !p.waiting && !p.closing {
			p.log.Error("the next segment of the log could not be prepared: the store will end when it needs it",
				"segment", number, "error", err)
		}
		p.changed.Broadcast()
	}
}

func (p *preparer) stopped() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closing
}

// take waits for the next segment and takes it.
func (p *preparer) take() (uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err, p.waiting = nil, true
	p.changed.Broadcast()
	for len(p.ready) == 0 && p.err == nil {
		p.changed.Wait()
	}
	p.waiting = false
	if len(p.ready) == 0 {
		return 0, p.err
	}
	number := p.ready[0]
	p.ready = p.ready[1:]
	p.changed.Broadcast()
	return number, nil
}

// close makes run return.
func (p *preparer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closing = true
	p.changed.Broadcast()
}
