package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"sekisho/jobs"
	"sekisho/spec"
)

// writeItems lists what is in suspense for a person.
func writeItems(w io.Writer, l *jobs.Listing, now time.Time) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(l.Items) > 0 {
		fmt.Fprintln(t, "ID\tDAYS\tSTANDING\tWHAT\tAMOUNT\tCARD\tMERCHANT\tFROM\tWHY")
	}
	for _, i := range l.Items {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", i.ID, i.Age(now), i.Standing, i.What, jobs.MoneyText(i.Amount, i.Currency),
			dash(i.Card), dash(i.Merchant), i.From(), strings.Join(i.Why, "; "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if l.More > 0 {
		fmt.Fprintf(&b, "%s more are not listed: --limit\n", spec.Grouped(int64(l.More)))
	}
	fmt.Fprintf(&b, "%s open in suspense\n", spec.Grouped(int64(l.Open)))
	_, err := io.WriteString(w, b.String())
	return err
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// writeItem tells all of one thing in suspense.
func writeItem(w io.Writer, s *suspenseItem, now time.Time) error {
	i := s.Item
	var b strings.Builder
	say := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-12s %s\n", name, text)
		}
	}
	say("id", i.ID)
	say("standing", string(i.Standing))
	say("since", fmt.Sprintf("%s (%s)", i.At.Format(time.RFC3339), jobs.Counted(i.Age(now), "day", "days")))
	say("what", i.What)
	say("why", strings.Join(i.Why, "; "))
	say("from", i.From())
	say("program", i.Program)
	say("wallet", i.Wallet)
	say("card", strings.TrimSpace(i.Card+" "+i.CardID))
	say("amount", jobs.MoneyText(i.Amount, i.Currency))
	if i.Billing != 0 {
		say("billing", jobs.MoneyText(i.Billing, i.BillingCurrency))
	}
	say("merchant", i.Merchant)
	if i.MCC != 0 {
		say("mcc", fmt.Sprintf("%04d", i.MCC))
	}
	say("rrn", i.RRN)
	say("approval", i.Approval)
	say("local time", localTime(i.LocalDate, i.LocalTime))
	if r := i.Resolution; r != nil {
		say("resolved", fmt.Sprintf("by %s at %s, %s posted: %s", r.Who, r.At.Format(time.RFC3339), jobs.MoneyText(r.Posted, r.Currency), r.Why))
		say("placed in", r.Wallet)
	}
	b.WriteString("\n")
	if len(s.Lookalikes) == 0 {
		b.WriteString("no purchase is like it\n")
	} else {
		writeLookalikes(&b, s.Lookalikes)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeLookalikes(w io.Writer, alike []jobs.Lookalike) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PURCHASE\tAT\tSTATE\tAMOUNT\tHELD\tPOSTED\tRRN\tAPPROVAL\tLOCAL TIME\tMERCHANT\tALIKE IN")
	for i := range alike {
		l := &alike[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Purchase, l.At.Format(jobs.TimeLayout), spaced(l.State),
			jobs.MoneyText(l.Amount, l.Currency), jobs.MoneyText(l.Hold, l.Wallet), jobs.MoneyText(l.Posted, l.Wallet), dash(l.RRN), dash(l.Approval),
			dash(localTime(l.LocalDate, l.LocalTime)), dash(l.Merchant), strings.Join(l.Alike, ", "))
	}
	_ = t.Flush() // into memory
	if len(alike) == jobs.LookalikesMax {
		fmt.Fprintf(w, "at most %d are shown\n", jobs.LookalikesMax)
	}
}

// localTime is DE13 and DE12 for a person: 11-24 18:05:13.
func localTime(date, clock string) string {
	if len(date) != 4 || len(clock) != 6 {
		return ""
	}
	return date[:2] + "-" + date[2:] + " " + clock[:2] + ":" + clock[2:4] + ":" + clock[4:]
}
