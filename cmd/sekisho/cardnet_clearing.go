package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sekisho/cardnet"
	"sekisho/jobs"
	"sekisho/spec"
	"sekisho/spec/clearing"
)

// clearingOptions are the flags of cardnet clearing.
type clearingOptions struct {
	out, from, charset, date string
	seed                     uint64
	noRDW, asJSON            bool
	cases                    []string
	sequence                 int
}

func newCardnetClearing() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "clearing --out FILE",
		Short: "Write a JCB-style clearing file for what was authorized",
		Long: "clearing writes a clearing file (JCB-style, unofficial): with --from for the open purchases of a\n" +
			"store, whether it is served or not, else a self-contained sample of made-up sales on made-up cards,\n" +
			"the same for a seed and a date. A store does not know the cards of a sample: its sales go to\n" +
			"suspense there. Authorizations of 1 or 2 yen are card checks and are not presented. Of a store a file has\n" +
			"at most " + spec.Grouped(salesMax) + " purchases; it says how many it left out.\n\n" +
			"Each --case adds something that goes wrong, and takes the purchases it needs for it. Behind\n" +
			"the arrow: where a loader should put its records when it knows the card and the purchase.\n\n" + caseTable(),
		Example: "  sekisho cardnet clearing --out sample.clr --case all\n" +
			"  sekisho cardnet clearing --out today.clr --from sekisho.yaml --case over --case early-reversal\n" +
			"  sekisho cardnet clearing --out - --charset ascii --no-rdw --date 2026-11-23 | sekisho clearing show -",
		Args: needs(),
	}
	var o clearingOptions
	flags := cmd.Flags()
	flags.StringVarP(&o.out, "out", "o", "", "file to write, - for standard output; what is there is replaced")
	flags.StringVar(&o.from, "from", "", "configuration (YAML) of the store whose purchases are presented")
	flags.StringArrayVar(&o.cases, "case", nil, "add a case; can be given several times; all adds all of them")
	flags.Uint64Var(&o.seed, "seed", 1, "what is made up is drawn from it")
	flags.StringVar(&o.charset, "charset", "cp037", "cp037 or ascii")
	flags.BoolVar(&o.noRDW, "no-rdw", false, "records without their length in front")
	flags.StringVar(&o.date, "date", "", "date of the file, YYYY-MM-DD (default today, UTC)")
	flags.IntVar(&o.sequence, "sequence", -1, "number of the file among those of its day, 0 to 99999 (default from the seed; with --from the second of the day)")
	flags.BoolVar(&o.asJSON, "json", false, "say what was written as one JSON object (on standard error when the file is on standard output)")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag was made above
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, err := o.file(time.Now().UTC())
		if err != nil {
			return err
		}
		return work(func(cmd *cobra.Command, _ []string) error {
			return o.write(cmd.Context(), file, cmd.OutOrStdout(), cmd.ErrOrStderr())
		})(cmd, args)
	}
	return cmd
}

// caseTable is a line for each case.
func caseTable() string {
	var b strings.Builder
	for _, c := range cardnet.ClearingCases() {
		fmt.Fprintf(&b, "  %-22s %s -> %s\n", c.Name, c.What, placements(c.Placements))
	}
	return strings.TrimRight(b.String(), "\n")
}

func placements(of []cardnet.Placement) string {
	names := make([]string, len(of))
	for i, p := range of {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}

// file checks the flags and makes a file of them that has no sales yet.
func (o *clearingOptions) file(now time.Time) (cardnet.Clearing, error) {
	c := cardnet.Clearing{Seed: o.seed, NoRDW: o.noRDW, Sequence: o.sequence, Date: now}
	switch o.charset {
	case clearing.CP037.String():
	case clearing.ASCII.String():
		c.Charset = clearing.ASCII
	default:
		return c, fmt.Errorf("--charset: %q is not known, expected cp037 or ascii", o.charset)
	}
	if o.date != "" {
		date, err := time.Parse(time.DateOnly, o.date)
		if err != nil || date.Year() < 2000 || date.Year() > 2099 {
			return c, fmt.Errorf("--date: %q is no date, expected YYYY-MM-DD of this century", o.date)
		}
		c.Date = date
	}
	switch {
	case o.sequence > 99_999 || o.sequence < -1:
		return c, fmt.Errorf("--sequence: expected 0 to 99999, found %d", o.sequence)
	case o.sequence >= 0:
	case o.from != "":
		c.Sequence = now.Hour()*3600 + now.Minute()*60 + now.Second()
	default:
		c.Sequence = int(o.seed % 100_000) //nolint:gosec // five digits
	}
	known := map[string]bool{}
	for _, k := range cardnet.ClearingCases() {
		known[k.Name] = true
	}
	for _, name := range o.cases {
		switch {
		case name == "all":
			for _, k := range cardnet.ClearingCases() {
				c.Cases = append(c.Cases, k.Name)
			}
		case !known[name]:
			return c, fmt.Errorf("--case: %q is not known, expected all or a name of the list", name)
		default:
			c.Cases = append(c.Cases, name)
		}
	}
	return c, nil
}

func (o *clearingOptions) write(ctx context.Context, c cardnet.Clearing, stdout, stderr io.Writer) error {
	if o.from == "" {
		c.Sales = cardnet.SampleSales(o.seed, c.Date)
	} else {
		s, err := loadConfig(o.from, os.Environ())
		if err != nil {
			return err
		}
		if c.Sales, err = storedSales(ctx, s, salesMax, stderr); err != nil {
			return err
		}
	}
	var done cardnet.Cleared
	err := toFile(o.out, stdout, func(w io.Writer) (err error) {
		done, err = c.Write(w)
		return err
	})
	if err != nil {
		return fmt.Errorf("clearing file %s: %w", o.out, err)
	}
	tellCleared(stderr, &done)
	if !o.asJSON {
		return nil
	}
	if o.out == "-" {
		stdout = stderr
	}
	return json.NewEncoder(stdout).Encode(clearedJSONOf(&done))
}

// tellCleared says what a file came to.
func tellCleared(stderr io.Writer, done *cardnet.Cleared) {
	fmt.Fprintf(stderr, "clearing file %s: %s, sum of DE4 %s\n", done.ID, jobs.Counted(int64(done.Records), "record", "records"), spec.Grouped(int64(done.Sum)))
	if done.Records == 0 {
		fmt.Fprintln(stderr, "  nothing to present: the file has its header and trailer only")
	}
	for _, k := range done.Cases {
		fmt.Fprintf(stderr, "  %-22s record %s: %s\n", k.Name, strings.Trim(fmt.Sprint(k.Numbers), "[]"), placements(k.Placements))
	}
	for _, k := range done.LeftOut {
		fmt.Fprintf(stderr, "  %-22s left out: it needs %s\n", k.Name, k.Needs)
	}
	if done.Checks > 0 {
		fmt.Fprintf(stderr, "  not presented: %s of 1 or 2 yen\n", jobs.Counted(int64(done.Checks), "card check", "card checks"))
	}
}

// clearedJSON is what --json prints. Records are DE71.
type clearedJSON struct {
	FileID  string     `json:"file_id"`
	Records int        `json:"records"`
	Sum     spec.Money `json:"sum_file"`
	Cases   []caseJSON `json:"cases"`
	LeftOut []string   `json:"left_out"`
	Checks  int        `json:"not_presented"`
}

type caseJSON struct {
	Name       string              `json:"case"`
	Records    []uint32            `json:"records"`
	Placements []cardnet.Placement `json:"placements"`
}

func clearedJSONOf(done *cardnet.Cleared) clearedJSON {
	out := clearedJSON{
		FileID: done.ID.String(), Records: done.Records, Sum: done.Sum, Checks: done.Checks,
		Cases: []caseJSON{}, LeftOut: []string{},
	}
	for _, k := range done.Cases {
		out.Cases = append(out.Cases, caseJSON{k.Name, k.Numbers, k.Placements})
	}
	for _, k := range done.LeftOut {
		out.LeftOut = append(out.LeftOut, k.Name)
	}
	return out
}

// toFile writes a file whole or not at all: under another name in the same directory first. Nobody but
// its owner can read it, as there are card numbers in it. "-" is standard output; what is there
// and no plain file, such as a pipe, is written to directly.
func toFile(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "-" {
		return write(stdout)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	switch i, err := os.Stat(path); {
	case err == nil && i.IsDir():
		return errors.New("is a directory, expected the name of a file")
	case err == nil && !i.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0) //nolint:gosec // named by whoever runs it
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".clearing-*") // 0600
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("folder %s is not there", filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	err = write(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
