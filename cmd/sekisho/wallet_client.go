package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sekisho/jobs"
	"sekisho/spec"
)

// walletClient calls the wallet API of one address as the holder of one token.
type walletClient struct {
	base  string // without a slash at its end
	token string
	http  *http.Client
}

// What a call may take, and how much an answer may be.
const (
	walletCallTimeMax = 20 * time.Second
	walletAnswerMax   = 16 << 20 // bytes
)

// newWalletClient calls an address such as http://127.0.0.1:8581.
func newWalletClient(base, token string) (*walletClient, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the address of the wallet API cannot be used: expected one such as http://127.0.0.1:8581")
	}
	return &walletClient{
		base: strings.TrimRight(base, "/"), token: token,
		http: &http.Client{
			Timeout: walletCallTimeMax,
			// A token goes where it was meant to go, and nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// walletAnswer is what the API answered: a body of JSON as it came.
type walletAnswer struct {
	Body     json.RawMessage
	Replayed bool // it is the answer of an earlier call with the same key
}

// read reads the body into a value.
func (a *walletAnswer) read(into any) error {
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("the answer of the wallet API cannot be read (is it of another version?): %w", err)
	}
	return nil
}

// get reads a resource; path begins with /v1.
func (c *walletClient) get(ctx context.Context, path string) (*walletAnswer, error) {
	return c.call(ctx, http.MethodGet, path, "", nil)
}

// post does something under an Idempotency-Key; body is nil where the route takes none. Whether the same is
// to be sent again after an error, [unsettled] tells.
func (c *walletClient) post(ctx context.Context, path, key string, body any) (*walletAnswer, error) {
	return c.call(ctx, http.MethodPost, path, key, body)
}

// currencyOf is the currency of a wallet.
func (c *walletClient) currencyOf(ctx context.Context, wallet string) (string, error) {
	answer, err := c.get(ctx, "/v1/wallets/"+wallet)
	var w shownWallet
	if err == nil {
		err = answer.read(&w)
	}
	if err == nil && w.Currency == "" {
		err = errors.New("the answer of the wallet API names none")
	}
	if err != nil {
		return "", fmt.Errorf("the currency of the wallet is not known, --currency gives it: %w", err)
	}
	return w.Currency, nil
}

func (c *walletClient) call(ctx context.Context, method, path, key string, body any) (*walletAnswer, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, sent)
	if err != nil {
		return nil, errors.New("the address of the wallet API cannot be used")
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, unanswered(err)
	}
	defer func() { _ = answer.Body.Close() }() // what was read was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, walletAnswerMax))
	if err != nil {
		return nil, unanswered(err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, refused(answer, text)
	}
	return &walletAnswer{Body: bytes.TrimSpace(text), Replayed: answer.Header.Get("Idempotency-Replayed") == "true"}, nil
}

// noAnswer is the error of a call about which it is not known whether it happened.
type noAnswer struct{ cause error }

func (e *noAnswer) Error() string { return "the wallet API did not answer: " + e.cause.Error() }

func (e *noAnswer) Unwrap() error { return e.cause }

func unanswered(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the address, which has ids in it
	}
	return &noAnswer{err}
}

// unsettled says whether a call that failed may have happened, or may yet if it is sent again.
func unsettled(err error) bool {
	var none *noAnswer
	var p *walletProblem
	return errors.As(err, &none) || (errors.As(err, &p) && (p.Status >= http.StatusInternalServerError || p.Status == http.StatusTooManyRequests))
}

// walletProblem is an error of the API (RFC 9457).
type walletProblem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Code   string `json:"code"`
	Field  string `json:"field"`
	Free   *int64 `json:"free"` // with insufficient funds

	currency string // of free
}

// Error is for a person: what, where, what to do, and the code. What the API says to programs it says in the
// terms of the command line.
func (p *walletProblem) Error() string {
	switch {
	case p.Status == http.StatusUnauthorized:
		return "the wallet API does not know the token: expected another in SEKISHO_TOKEN, --token, or --config FILE [" + p.Code + "]"
	case p.Code == "field_invalid" && p.Field != "" && p.Detail != "":
		return p.Field + ": " + strings.TrimPrefix(p.Detail, "It is refused: ") + " [" + p.Code + "]"
	case p.Free != nil:
		return p.Title + ": " + jobs.MoneyText(spec.Money(*p.Free), p.currency) + " free [" + p.Code + "]"
	}
	text := p.Title
	if p.Field != "" {
		text += ": " + p.Field
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.Code != "" {
		text += " [" + p.Code + "]"
	}
	return text
}

// refused is the error of a call that was answered with a problem.
func refused(answer *http.Response, text []byte) error {
	p := &walletProblem{}
	if json.Unmarshal(text, p) == nil && p.Title != "" {
		p.Status = answer.StatusCode
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
			p.Detail += fmt.Sprintf(" Retry-After: %d.", seconds)
		}
		return p
	}
	err := fmt.Errorf("it answered %d and nothing that can be read: is its address right?", answer.StatusCode)
	if answer.StatusCode/100 == 5 {
		return &noAnswer{err}
	}
	return fmt.Errorf("the wallet API cannot be used: %w", err)
}
