package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"sekisho/cardnet"
)

// payOptions are the flags of pay.
type payOptions struct {
	config, card, wallet, amount string
	merchant, mcc, entry         string
	link, addr, then             string
	api, token                   string
	unasked, asJSON              bool

	asked int64     // amount, read
	words []payWord // then, read
}

func newPay() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pay --config FILE --card CARD --amount N",
		Short: "Pay with a card, and let anything become of the purchase",
		Long: "pay is a merchant, an acquirer and a card network in one (JCB-style, unofficial): it sends real messages\n" +
			"to the switch that is running, a 0100 first and then what --then says, one step after the other, and\n" +
			"clearing records as files that it loads. Each step is a line: what was sent, what came back, and what the\n" +
			"ledger holds and has posted for the purchase then. In the end it shows the card's balance before and after.\n\n" +
			"The words of --then, N in the minor unit of the currency:\n\n" + payTable() + "\n\n" +
			"The card's number comes from the wallet API (POST /v1/cards/{id}/reveal, reason \"pay\"; the token needs\n" +
			"pan:read), where that is not configured from the store and its number key. It is never shown.\n" +
			"Its messages are in yen: a card in another currency is refused.\n\n" +
			"It exits with 0 also when the purchase was declined, and says so; with 1 when a step could not be done.",
		Example: "  sekisho pay --config sekisho.yaml --card crd_0123456789abcdef01234567 --amount 800\n" +
			"  sekisho pay --config sekisho.yaml --wallet alice --amount 800 --then duplicate,reverse:partial=300,clear\n" +
			"  sekisho pay --config sekisho.yaml --wallet alice --amount 800 --unasked --then reverse,ask",
		Args: needs(),
	}
	o := &payOptions{}
	path := configFlag(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.card, "card", "", "id of the card, crd_…")
	flags.StringVar(&o.wallet, "wallet", "", "id of its wallet; enough where that has one card that is not closed")
	flags.StringVar(&o.amount, "amount", "", "what the purchase costs, minor units")
	flags.StringVar(&o.merchant, "merchant", "PRACTICE0000001", "DE42, up to 15 letters and digits")
	flags.StringVar(&o.mcc, "mcc", "5411", "DE18, the kind of merchant, 4 digits")
	flags.StringVar(&o.entry, "entry", "chip", "how the card is read: chip, contactless, ecommerce, or device (a phone, over a link of dialect quicpay)")
	flags.StringVar(&o.link, "link", "", "link to pay over (default the first of the dialect that the entry needs)")
	flags.StringVar(&o.addr, "addr", "", "host:port of the link (default its listen of the configuration)")
	flags.StringVar(&o.then, "then", "", "what becomes of it: words with commas between them")
	flags.BoolVar(&o.unasked, "unasked", false, "send no 0100 first: --then begins")
	flags.StringVar(&o.api, "api", "", "URL of the wallet API (default that of the configuration, else SEKISHO_API)")
	flags.StringVar(&o.token, "token", "", "its token (default a plain one of the configuration, else SEKISHO_TOKEN)")
	flags.BoolVar(&o.asJSON, "json", false, "print a JSON object a line for each step, and one for the card at the end")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.config = *path
		if err := o.check(); err != nil {
			return err
		}
		return work(func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		})(cmd, args)
	}
	return cmd
}

var merchantRule = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 -]{0,14}$`)

// check reads the flags.
func (o *payOptions) check() (err error) {
	if o.card == "" && o.wallet == "" {
		return errors.New("expected --card with the id of a card, or --wallet")
	}
	if o.card != "" {
		if err := checkCardID(o.card); err != nil {
			return fmt.Errorf("--card: %w", err)
		}
	}
	if o.wallet != "" {
		if err := checkWalletID(o.wallet); err != nil {
			return fmt.Errorf("--wallet: %w", err)
		}
	}
	if o.asked, err = parseAmount(o.amount); err != nil {
		return fmt.Errorf("--amount: %w", err)
	}
	switch {
	case !merchantRule.MatchString(o.merchant) || digitRun.MatchString(o.merchant):
		return errors.New("--merchant: expected up to 15 letters and digits, and nothing that could be a card number")
	case len(o.mcc) != 4 || strings.Trim(o.mcc, "0123456789") != "":
		return errors.New("--mcc: expected 4 digits, such as 5411")
	}
	if o.words, err = parsePayWords(o.then); err != nil {
		return err
	}
	if !o.unasked {
		o.words = append([]payWord{{name: payAsk}}, o.words...)
	}
	if len(o.words) == 0 {
		return errors.New("--unasked without --then: nothing is left to be done")
	}
	if _, ok := entryModes()[o.entry]; !ok {
		return errors.New("--entry: expected chip, contactless, ecommerce or device")
	}
	return nil
}

// entryModes are DE22 by how the card is read, and the dialect whose links take it.
func entryModes() map[string]struct{ mode, dialect string } {
	return map[string]struct{ mode, dialect string }{
		"chip":        {"051", cardnet.DialectJCB},
		"contactless": {"071", cardnet.DialectJCB},
		"ecommerce":   {"810", cardnet.DialectJCB},
		"device":      {"071", cardnet.DialectQUICPay},
	}
}

// run pays.
func (o *payOptions) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	s, err := loadConfig(o.config, os.Environ())
	if err != nil {
		return err
	}
	link, err := o.linkOf(s)
	if err != nil {
		return err
	}
	address, err := o.address(link)
	if err != nil {
		return err
	}
	b := &buyer{settings: s, link: link, stderr: stderr, mode: entryModes()[o.entry].mode, show: sayStep(stdout, o.asJSON)}
	b.network, err = cardnet.Dial(ctx, cardnet.Config{Addr: address, Dialect: link.Dialect, Acquirer: payAcquirer, StayOn: true})
	if err != nil {
		return fmt.Errorf("link %s: is serve running? %w", link.Name, err)
	}
	defer func() { err = errors.Join(err, b.network.Close(context.WithoutCancel(ctx))) }()
	if err := b.take(ctx, o); err != nil {
		return err
	}
	return b.live(ctx, o.words)
}

// linkOf is the link to pay over.
func (o *payOptions) linkOf(s *settings) (*linkSettings, error) {
	dialect := entryModes()[o.entry].dialect
	if o.link != "" {
		l := s.linkNamed(o.link)
		switch {
		case l == nil:
			return nil, usageError{fmt.Errorf("--link: there is no link %q in the configuration", o.link)}
		case o.entry == "device" && l.Dialect != dialect:
			return nil, usageError{fmt.Errorf("--entry device: link %s has dialect %s, expected one of dialect %s", l.Name, l.Dialect, dialect)}
		}
		return l, nil
	}
	for i := range s.Links {
		if s.Links[i].Dialect == dialect {
			return &s.Links[i], nil
		}
	}
	return nil, usageError{fmt.Errorf("--entry %s: no link of the configuration has dialect %s: expected --link, or another entry", o.entry, dialect)}
}

// address is where the link listens, as seen from this machine.
func (o *payOptions) address(link *linkSettings) (string, error) {
	if o.addr != "" {
		return o.addr, nil
	}
	if framing := link.Framing.String(); framing != cardnet.FramingLength2Zero2 {
		return "", fmt.Errorf("link %s has framing %s: pay speaks %s only", link.Name, framing, cardnet.FramingLength2Zero2)
	}
	return reachable(link.Listen, "link "+link.Name, "--addr")
}

// reachable is where something that listens can be called from this machine; flag names how to say it
// otherwise.
func reachable(listen, what, flag string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("%s: its address cannot be read: expected %s", what, flag)
	}
	if port == "0" {
		return "", usageError{fmt.Errorf("%s listens on a port of its own choice: expected %s with the one that serve has logged", what, flag)}
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
