package cardnet

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"sekisho/spec"
	"sekisho/spec/clearing"
)

// Clearing is a JCB-style clearing file (unofficial) to be written: what was sold, and what goes
// wrong with it on purpose. The same Clearing writes the same bytes.
type Clearing struct {
	Sales    []Sale
	Cases    []string  // names of [ClearingCases]; each counts once
	Date     time.Time // its UTC day is the date of the file
	Sequence int       // of the file among those of its day, 0 to 99999
	Seed     uint64    // what is made up where a case needs it
	Charset  clearing.Charset
	NoRDW    bool // records without their length in front
}

// Cleared is what a clearing file came to.
type Cleared struct {
	ID      clearing.FileID
	Records int        // between header and trailer
	Sum     spec.Money // of their DE4, whatever the currency
	Cases   []CaseWritten
	LeftOut []CaseLeftOut
	Checks  int // sales of at most 2 units that are card checks and were not presented
}

// CaseWritten is a case and the records (DE71) that it consists of, in their order.
type CaseWritten struct {
	Name       string
	Numbers    []uint32
	Placements []Placement
}

// CaseLeftOut is a case for which the sales had no purchase.
type CaseLeftOut struct{ Name, Needs string }

// Institutions of a file: who sends it, who gets it, whose number is in its id.
const (
	clearingForwarder = "88710000"
	clearingReceiver  = "88791000"
)

// checkMax is what a shop asks for at most to see whether a card is good, in minor units. No
// presentment follows.
const checkMax = 2

// Write writes the file: a presentment for each sale that stands, and the cases spread among them.
// The error says which field of which record cannot be written, or is the writer's.
func (c Clearing) Write(w io.Writer) (Cleared, error) {
	cases, err := casesNamed(c.Cases)
	if err != nil {
		return Cleared{}, err
	}
	id, err := clearing.MakeFileID(clearing.ToMember, c.Date.UTC(), clearingReceiver, c.Sequence)
	if err != nil {
		return Cleared{}, fmt.Errorf("clearing file of %s, sequence %d: %w", c.Date.UTC().Format(time.DateOnly), c.Sequence, err)
	}
	a := &author{
		file: clearing.NewWriter(w, clearing.Options{Charset: c.Charset, NoRDW: c.NoRDW}),
		date: c.Date.UTC().Truncate(24 * time.Hour), stock: newStock(c.Sales),
		random:    rand.New(rand.NewPCG(c.Seed, uint64(c.Sequence))), //nolint:gosec // a practice file, not secrets
		reference: uint64(c.Sequence) * referencesMax,                //nolint:gosec // MakeFileID has seen it
		number:    1,
	}
	a.cleared.ID = id
	a.plan(cases)
	if err := a.file.Header(id, clearingForwarder, clearingReceiver); err != nil {
		return Cleared{}, err
	}
	if err := a.writeAll(); err != nil {
		return Cleared{}, err
	}
	return a.cleared, a.file.Close()
}

// referencesMax is how many acquirer references a file has to itself among those of its day.
const referencesMax = 1_000_000

// author writes one file.
type author struct {
	file      *clearing.Writer
	date      time.Time // of the file, midnight UTC
	stock     *stock
	random    *rand.Rand
	reference uint64 // the last that was given
	number    uint32 // DE71 of the last record
	planned   []planned
	cleared   Cleared
	err       error // of a reference that could not be made
}

// planned is a case and its records.
type planned struct {
	*ClearingCase
	drafts []*clearing.Draft
}

// plan makes the records of the cases, which takes what they need out of the stock: first those that
// need something in particular.
func (a *author) plan(cases []*ClearingCase) {
	cases = slices.Clone(cases)
	slices.SortStableFunc(cases, func(x, y *ClearingCase) int { return x.choosy() - y.choosy() })
	for _, c := range cases {
		drafts := c.drafts(a)
		if drafts == nil {
			a.cleared.LeftOut = append(a.cleared.LeftOut, CaseLeftOut{c.Name, c.Needs})
			continue
		}
		a.planned = append(a.planned, planned{c, drafts})
	}
}

// writeAll writes what is left in the stock, and the cases at even distances in between.
func (a *author) writeAll() error {
	plain := slices.Collect(a.stock.rest())
	next := 0
	for i, s := range plain {
		for ; next*len(plain) < (i+1)*len(a.planned) && next < len(a.planned); next++ {
			if err := a.writeCase(a.planned[next]); err != nil {
				return err
			}
		}
		if s.billed() <= checkMax {
			a.cleared.Checks++
		} else if err := a.write(a.presentment(s)); err != nil {
			return err
		}
	}
	for _, p := range a.planned[next:] {
		if err := a.writeCase(p); err != nil {
			return err
		}
	}
	return nil
}

func (a *author) writeCase(p planned) error {
	done := CaseWritten{Name: p.Name, Placements: p.Placements}
	for _, d := range p.drafts {
		if err := a.write(d); err != nil {
			return fmt.Errorf("case %s: %w", p.Name, err)
		}
		done.Numbers = append(done.Numbers, a.number)
	}
	a.cleared.Cases = append(a.cleared.Cases, done)
	return nil
}

func (a *author) write(d *clearing.Draft) error {
	if a.err != nil {
		return a.err
	}
	if err := a.file.Write(d); err != nil {
		return err
	}
	a.number++
	a.cleared.Records++
	a.cleared.Sum += d.Amount
	return nil
}
