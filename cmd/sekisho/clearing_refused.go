package main

import (
	"encoding/json"
	"errors"
	"io"

	"sekisho/jobs"
	"sekisho/spec/clearing"
)

// refusedLine is what --json says of a clearing file of which nothing is taken. Record is 0 when it is no
// record's fault; offset is in bytes.
type refusedLine struct {
	File   string          `json:"file"`
	Reason clearing.Reason `json:"refused"`
	Record uint32          `json:"record"`
	Offset int64           `json:"offset"`
	Detail string          `json:"detail"`                  // no card number is in it
	Other  bool            `json:"other_content,omitempty"` // a duplicate in its id only
}

func refusedLineOf(r *jobs.Refused) refusedLine {
	return refusedLine{r.File, r.Reject.Reason, r.Reject.Record, r.Reject.Offset, r.Reject.Detail, r.OtherContent}
}

// err is the error that the line is of.
func (r *refusedLine) err() error {
	return &jobs.Refused{File: r.File, OtherContent: r.Other, Reject: &clearing.Reject{Reason: r.Reason, Record: r.Record, Offset: r.Offset, Detail: r.Detail}}
}

// write writes the line for a file as it was named.
func (r refusedLine) write(w io.Writer, name string) error {
	r.File, r.Detail = name, blank(r.Detail)
	return json.NewEncoder(w).Encode(r)
}

// duplicate says whether a file was refused because it was taken before: that is no reason to leave those
// behind it.
func duplicate(err error) bool {
	var refused *jobs.Refused
	return errors.As(err, &refused) && refused.Reject.Reason == clearing.Duplicate
}
