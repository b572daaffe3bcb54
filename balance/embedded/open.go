package embedded

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"

	"sekisho/balance"
)

// Options of a store. Dir and CheckValue must be given.
type Options struct {
	Dir         string       // made if it is not there
	CheckValue  [8]byte      // of the card key that the directory's hashes are under
	Disk        Disk         // nil: this machine's
	Logger      *slog.Logger // nil: says nothing
	Fatal       func(error)  // told once when a write has failed, before anybody is answered: end the process
	SegmentSize int64        // bytes, a multiple of PageSize; 0: SegmentSizeDefault
	Readers     int          // goroutines that read entries; 0: ReadersDefault
	ReadsMax    int          // reads that may wait; 0: ReadsMaxDefault
	ReadOnly    bool         // the log is left as it is: every append is Out with ErrReadOnly
}

// What Options are when nothing is said, and what they may be.
const (
	SegmentSizeDefault = 64 << 20
	SegmentSizeMin     = 64 << 10
	SegmentSizeMax     = 1 << 30
	ReadersDefault     = 4
	ReadsMaxDefault    = 4096
)

const (
	logName  = "log"
	lockName = "lock"
)

// Open opens the store in a directory, an empty one if there is none. It reads the whole log.
// Errors: ErrLocked when another process has it, ErrCardKey when it was made with another key,
// balance.ErrDamaged when the log is not as it was written. The torn end of a log is dropped with
// a warning; see [TornTail].
func Open(o Options) (*Store, Report, error) {
	if err := o.complete(); err != nil {
		return nil, Report{}, err
	}
	if err := o.Disk.MakeDir(o.Dir); err != nil {
		return nil, Report{}, err
	}
	if err := o.Disk.MakeDir(filepath.Join(o.Dir, logName)); err != nil {
		return nil, Report{}, err
	}
	held, err := o.Disk.Lock(filepath.Join(o.Dir, lockName))
	if err != nil {
		return nil, Report{}, err
	}
	s, report, err := open(o, held)
	if err != nil {
		return nil, report, errors.Join(err, held.Close())
	}
	s.start(o)
	return s, report, nil
}

func (o *Options) complete() error {
	if o.Dir == "" {
		return errors.New("store has no directory: Options.Dir must be set")
	}
	if o.Disk == nil {
		o.Disk = osDisk{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.SegmentSize == 0 {
		o.SegmentSize = SegmentSizeDefault
	}
	if o.SegmentSize < SegmentSizeMin || o.SegmentSize > SegmentSizeMax || o.SegmentSize%PageSize != 0 {
		return fmt.Errorf("a segment of %d bytes: want a multiple of %d from %d to %d", o.SegmentSize, PageSize, SegmentSizeMin, SegmentSizeMax)
	}
	if o.Readers <= 0 {
		o.Readers = ReadersDefault
	}
	if o.ReadsMax <= 0 {
		o.ReadsMax = ReadsMaxDefault
	}
	return nil
}

// open reads the log and settles its end; nothing runs yet.
func open(o Options, held io.Closer) (*Store, Report, error) {
	s := &Store{
		disk: o.Disk, log: o.Logger, fatal: o.Fatal, readOnly: o.ReadOnly, size: o.SegmentSize, queuedMax: queuedMaxDefault, held: held,
		segments: segmentDir{o.Disk, filepath.Join(o.Dir, logName)},
		reads:    make(chan *request, o.ReadsMax),
		forming:  newGroup(),
	}
	s.work = sync.NewCond(&s.mu)
	s.files = files{segments: s.segments, kept: map[uint32]*openFile{}}
	s.heads.names, s.cards.names = &s.names, &s.names
	s.tail.sealer = newSealer()

	var report Report
	numbers, fresh, err := s.recognize(o)
	if err != nil {
		return nil, report, err
	}
	c := chain{
		segments: s.segments, numbers: numbers, sealer: newSealer(), report: &report,
		replay: &replay{heads: &s.heads, cards: &s.cards},
	}
	if err := c.walk(); err != nil {
		return nil, report, err
	}
	report.Entries, report.Rows, report.Logs = c.replay.entries, c.replay.rows, uint64(s.heads.rows.length)
	report.Segments, report.TornTail = uint64(len(numbers)), c.torn
	s.tell(&report)
	s.torn = c.torn
	if o.ReadOnly {
		s.forming.begin(c.end)
		s.durable, s.known = c.end, s.cards.rows.length
		return s, report, nil
	}
	if err := s.settleEnd(&c, &report); err != nil {
		return nil, report, errors.Join(err, s.tail.close())
	}
	if fresh {
		if err := writeIdentity(o.Disk, o.Dir, o.CheckValue); err != nil {
			return nil, report, errors.Join(err, s.tail.close())
		}
	}
	return s, report, nil
}

// recognize checks that the directory holds a store of ours, or none (fresh), and lists its segments.
func (s *Store) recognize(o Options) (numbers []uint32, fresh bool, err error) {
	id, err := readIdentity(o.Disk, o.Dir)
	if err != nil {
		return nil, false, err
	}
	if numbers, err = s.segments.list(); err != nil {
		return nil, false, err
	}
	if id != nil {
		if err := id.check(o.Dir, o.CheckValue); err != nil {
			return nil, false, err
		}
		if len(numbers) == 0 {
			return nil, false, fmt.Errorf("%w: %s has no segments, a store has at least one", balance.ErrDamaged, s.segments.dir)
		}
		return numbers, false, nil
	}
	// The identity is written last: a store without one was never used.
	zero, err := s.segments.allZero(numbers)
	if err == nil && !zero {
		err = fmt.Errorf("%w: %s is not there, but the log holds entries", balance.ErrDamaged, filepath.Join(o.Dir, identityName))
	}
	return numbers, true, err
}

// start starts the store's goroutines.
func (s *Store) start(o Options) {
	if !o.ReadOnly {
		s.running.prepare.Go(s.prepare.run)
		s.running.write.Go(s.write)
	}
	for range o.Readers {
		s.running.read.Go(s.read)
	}
}
