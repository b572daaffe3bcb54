package wallettest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply is what an app server was answered.
type reply struct {
	Status   int    `json:"-"`
	Replayed bool   `json:"-"`
	Text     string `json:"-"`
	Lost     int    `json:"-"` // tries whose answer nobody read
	key      string

	ID, Code, State string
	PAN             string
	Version         uint64
	Amount          sum
	Free            int64
	CardAfter       cardSum `json:"card_after"`
}

type sum struct {
	Amount   int64
	Currency string
}

type cardSum struct{ Allocated, Held, Available sum }

// money is the balance of a wallet.
type money struct {
	Version                              uint64
	Posted, Held, Available, Unallocated sum
	Cards                                []struct {
		Card string
		cardSum
	}
}

func jpy(amount int64) string { return fmt.Sprintf(`{"amount": %d, "currency": "JPY"}`, amount) }

// post does something under a new key, trying again at any node until it is known what became of it. Some of
// the tries are lost: everything is sent, and the connection is cut before an answer can be read.
func (h *house) post(path, body string) reply {
	return h.keyed(path, body, "key-"+strconv.FormatInt(h.keys.Add(1), 10), h.loss)
}

// must is a post that has to succeed.
func (h *house) must(path, body string) reply {
	h.t.Helper()
	r := h.post(path, body)
	if r.Status/100 != 2 {
		h.t.Fatalf("POST %s %s: %d %s", path, body, r.Status, r.Text)
	}
	return r
}

// triesMax bounds the tries of one call; each waits a little longer than the one before.
const triesMax = 200

func (h *house) keyed(path, body, key string, loss int) reply {
	var last reply
	lost := 0
	for try := range triesMax {
		n := h.any()
		if rand.IntN(10) < loss && try < 5 {
			h.lose(n, path, body, key)
			lost++
			continue
		}
		r, err := h.call(n, http.MethodPost, path, body, key)
		r.Lost, r.key = lost, key
		if err != nil {
			h.t.Errorf("POST %s: %v", path, err)
			return r
		}
		switch last = r; {
		case r.Status == http.StatusTooManyRequests, r.Status == http.StatusServiceUnavailable, r.Code == "idempotency_key_in_flight":
			<-time.After(time.Duration(min(try, 20)) * time.Millisecond / 2) // as a client does
		default:
			return r
		}
	}
	h.t.Errorf("POST %s: after %d tries still %d %s", path, triesMax, last.Status, last.Text)
	return last
}

// lose sends a request and hangs up.
func (h *house) lose(n *node, path, body, key string) {
	conn, err := h.dial(context.Background(), "tcp", n.addr)
	if err != nil {
		h.t.Error(err)
		return
	}
	if rand.IntN(2) == 0 {
		_ = conn.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // it was dialed as TCP; closed like a machine that is gone
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, n.addr, token, key, len(body), body)
	if rand.IntN(2) == 0 { // it got as far as being answered
		_, _ = conn.Read(make([]byte, 1))
	}
	if err := conn.Close(); err != nil {
		h.t.Error(err)
	}
	if err != nil {
		h.t.Error(err)
	}
}

func (h *house) call(n *node, method, path, body, key string) (r reply, err error) {
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+n.addr+path, strings.NewReader(body))
	if err != nil {
		return r, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	answer, err := h.http.Do(req)
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return r, err
	}
	err = json.NewDecoder(bytes.NewReader(text)).Decode(&r)
	r.Status, r.Text, r.Replayed = answer.StatusCode, string(text), answer.Header.Get("Idempotency-Replayed") == "true"
	return r, err
}

// get reads a resource at a node.
func (h *house) get(n *node, path string, into any) {
	h.t.Helper()
	r, err := h.call(n, http.MethodGet, path, "", "")
	if err == nil && r.Status != http.StatusOK {
		err = fmt.Errorf("%d %s", r.Status, r.Text)
	}
	if err == nil {
		err = json.Unmarshal([]byte(r.Text), into)
	}
	if err != nil {
		h.t.Errorf("GET %s: %v", path, err)
	}
}

func (h *house) balance(n *node, wallet string) (m money) {
	h.t.Helper()
	h.get(n, "/v1/wallets/"+wallet+"/balance", &m)
	return m
}

// openWallet opens a wallet with money and cards.
func (h *house) openWallet(posted int64, cards int) (wallet string, ids []string) {
	h.t.Helper()
	wallet = h.must("/v1/wallets", `{"kind": "personal", "program": "prepaid", "name": "Hana"}`).ID
	if posted > 0 {
		h.must("/v1/wallets/"+wallet+"/top-ups", `{"amount": `+jpy(posted)+`, "reference": "r-1"}`)
	}
	for range cards {
		ids = append(ids, h.must("/v1/wallets/"+wallet+"/cards", `{"name": "food"}`).ID)
	}
	return wallet, ids
}
