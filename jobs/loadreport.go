package jobs

import (
	"fmt"
	"time"

	"sekisho/balance"
	"sekisho/spec"
)

// LoadReport is what became of a clearing file. Each detail record is in one of the six classes. Sums are
// of DE4, whatever its currency: SumFile as the trailer has it, SumApplied added up from what was placed.
type LoadReport struct {
	FileID     string     `json:"file_id"`
	Records    uint64     `json:"records"` // detail records
	Matched    uint64     `json:"matched"`
	Forced     uint64     `json:"forced"`
	Over       uint64     `json:"over"`
	Ambiguous  uint64     `json:"ambiguous"`
	Suspended  uint64     `json:"suspended"`
	Other      uint64     `json:"other"` // refunds, reversals, disputes, fees, information
	SumFile    spec.Money `json:"sum_file"`
	SumApplied spec.Money `json:"sum_applied"`

	Bytes     int64  `json:"bytes"`
	Waited    int    `json:"waited"`       // records that this run asked about once more at the end of the file
	Resumed   uint32 `json:"resumed_from"` // DE71 up to which an earlier load had placed it; 0: from the start
	DryRun    bool   `json:"dry_run"`
	Seconds   int64  `json:"seconds"` // rounded up
	Took      int64  `json:"milliseconds"`
	PerSecond int64  `json:"records_per_second"`

	Sums map[string]spec.Money `json:"sums"` // by class
}

func (n *fileLoad) report() LoadReport {
	all := n.placed()
	took := time.Since(n.begun)
	r := LoadReport{
		FileID: n.totals.FileID.String(), Records: uint64(n.totals.Records),
		Matched: all[balance.PlacedMatched].Records, Forced: all[balance.PlacedForced].Records,
		Over: all[balance.PlacedOver].Records, Ambiguous: all[balance.PlacedAmbiguous].Records,
		Suspended: all[balance.PlacedSuspended].Records, Other: all[balance.PlacedOther].Records,
		SumFile: n.totals.Sum, SumApplied: all.all().Amount,
		Bytes: n.totals.Bytes, Waited: n.settled, Resumed: n.before.upTo, DryRun: n.DryRun,
		Seconds: int64((took + time.Second - 1) / time.Second), Took: took.Milliseconds(),
		Sums: map[string]spec.Money{},
	}
	if took > 0 {
		r.PerSecond = int64(float64(n.totals.Records) / took.Seconds())
	}
	for p := balance.PlacedMatched; p < balance.PlacementEnd; p++ {
		r.Sums[p.String()] = all[p].Amount
	}
	return r
}

// lost says what is missing when the records do not add up.
func (r *LoadReport) lost() error {
	placed := r.Matched + r.Forced + r.Over + r.Ambiguous + r.Suspended + r.Other
	if placed == r.Records && r.SumApplied == r.SumFile {
		return nil
	}
	return fmt.Errorf("%w: the file has %d records and a sum of %d, placed are %d and %d (%d records and %d are missing)",
		ErrLost, r.Records, r.SumFile, placed, r.SumApplied, int64(r.Records)-int64(placed), r.SumFile-r.SumApplied) //nolint:gosec // below 10^8
}
