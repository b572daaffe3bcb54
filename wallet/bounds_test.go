package wallet_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sekisho/wallet"
)

func TestABodyOutOfBoundsIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(1000)
	deep := func(n int) string { return `{"name": ` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}" }
	long := func(n int) string { return `{"name": "` + strings.Repeat("x", n-len(`{"name": ""}`)) + `"}` }
	for name, c := range map[string]struct {
		body, kind, code string
		status           int
	}{
		"too large by one":        {long(64<<10 + 1), "", "body_too_large", 413},
		"as large as can be":      {long(64 << 10), "", "field_invalid", 422},
		"too deep":                {deep(16), "", "json_invalid", 400},
		"as deep as can be":       {deep(15), "", "field_invalid", 422},
		"no JSON":                 {"name=x", "", "json_invalid", 400},
		"a form":                  {"name=x", "application/x-www-form-urlencoded", "content_type_unsupported", 415},
		"JSON that is called so":  {`{"name": "x"}`, "application/json; charset=UTF-8", "", 201},
		"another charset":         {`{"name": "x"}`, "application/json; charset=cp037", "content_type_unsupported", 415},
		"a list":                  {`[]`, "", "json_invalid", 400},
		"null":                    {`null`, "", "json_invalid", 400},
		"two objects":             {`{"name": "x"}{}`, "", "json_invalid", 400},
		"an unknown field":        {`{"nmae": "x"}`, "", "field_unknown", 422},
		"a name in other letters": {`{"Name": "x"}`, "", "field_unknown", 422},
		"an unknown field within": {`{"rules": {"on": true}}`, "", "field_unknown", 422},
		"no UTF-8":                {"{\"name\": \"\xff\"}", "", "json_invalid", 400},
		"a control character":     {`{"name": "a\u0007b"}`, "", "field_invalid", 422},
		"a name twice":            {`{"name": "x", "name": "y"}`, "", "json_invalid", 400},
		"a name twice, escaped":   {`{"name": "x", "n\u0061me": "y"}`, "", "json_invalid", 400},
		"a name twice within":     {`{"name": "x", "rules": {"use_max": {"amount": 1, "currency": "JPY", "amount": 2}}}`, "", "json_invalid", 400},
		"a name twice in a list":  {`{"name": [[], {"a": "b", "c": ["a", "a"], "a": 1}]}`, "", "json_invalid", 400},
		"a name in two objects":   {`{"name": "rules", "rules": {"use_max": {"amount": 1, "currency": "JPY"}}}`, "", "", 201},
		"null is nothing":         {`{"name": null}`, "", "", 201},
	} {
		t.Run(name, func(t *testing.T) {
			r := request{method: "POST", path: "/v1/wallets/" + id + "/cards", body: c.body}
			if c.kind != "" {
				r.header = map[string]string{"Content-Type": c.kind}
			}
			if a := h.send(r); a.status != c.status || a.str("code") != c.code {
				t.Errorf("got %d %s, want %d %s", a.status, a.text, c.status, c.code)
			}
		})
	}
}

func TestAnUnknownParameterIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(1000)
	for path, code := range map[string]string{
		"/cards?limitt=1": "field_unknown", "/cards?limit=101": "field_invalid", "/cards?limit=0": "field_invalid", "/cards?limit=x": "field_invalid",
		"/cards?cursor=x": "cursor_invalid", "/events?cursor=Y2FyZHM6MQ": "cursor_invalid", "/events?after=-1": "field_invalid",
		"/balance?at=yesterday": "field_invalid", "/balance?at=2020-01-01T00:00:00Z": "not_found",
		"/balance?at=0001-01-01T00:00:00Z": "not_found",
	} {
		if a := h.get("/v1/wallets/" + id + path); a.str("code") != code {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
}

func TestATokenThatAsksTooOftenWaits(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := newHouse(t, func(o *wallet.Options) { o.Rate, o.Now = 3, func() time.Time { return now } })
	ask := func(token string) answer {
		return h.send(request{method: "GET", path: "/v1/wallets/x", token: token})
	}
	for range 3 {
		if a := ask(""); a.status != 404 {
			t.Fatalf("got %d", a.status)
		}
	}
	if a := ask(""); a.status != 429 || a.str("code") != "rate_limited" || a.header.Get("Retry-After") != "1" {
		t.Errorf("the fourth: %d %v", a.status, a.header)
	}
	if a := ask("other"); a.status != 404 {
		t.Errorf("another token: %d", a.status)
	}
	now = now.Add(time.Second)
	if a := ask(""); a.status != 404 {
		t.Errorf("a second later: %d", a.status)
	}
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, first := h.funded(1000)
	want := []string{first}
	for i := range 6 {
		want = append(want, h.must("/v1/wallets/"+id+"/cards", `{"name": "c`+strconv.Itoa(i)+`"}`).str("id"))
	}
	for _, limit := range []int{1, 2, 3, 7, 100} {
		var got []string
		path := "/v1/wallets/" + id + "/cards?limit=" + strconv.Itoa(limit)
		for next := ""; ; {
			a := h.get(path + "&cursor=" + next)
			n := 0
			for a.at("data."+strconv.Itoa(n)) != nil {
				got = append(got, a.str("data."+strconv.Itoa(n)+".id"))
				n++
			}
			if n > limit || n == 0 {
				t.Fatalf("a page of %d has %d", limit, n)
			}
			if next = a.str("next"); next == "" {
				break
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("pages of %d: %v", limit, got)
		}
	}
}

func TestEventsAreOrderedAndCanBeResumedFromAVersion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000) // opened, funded, issued
	h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "amount": `+jpy(300)+`}`)
	all := h.get("/v1/wallets/" + id + "/events")
	kinds := ""
	for i := 0; all.at("data."+strconv.Itoa(i)) != nil; i++ {
		at := "data." + strconv.Itoa(i)
		if all.num(at+".version") != i+1 {
			t.Errorf("event %d has version %d", i, all.num(at+".version"))
		}
		kinds += all.str(at+".kind") + " "
	}
	if kinds != "opened funded card_issued allocated " || all.at("next") != nil {
		t.Errorf("got %s", all.text)
	}
	if all.num("data.3.balance.unallocated.amount") != 700 || all.num("data.3.card_after.allocated.amount") != 300 || !strings.HasPrefix(all.str("data.3.id"), "all_") {
		t.Errorf("the last: %s", all.text)
	}
	rest := h.get("/v1/wallets/" + id + "/events?after=2&limit=1")
	if rest.num("data.0.version") != 3 || rest.at("data.1") != nil {
		t.Errorf("after 2: %s", rest.text)
	}
	rest = h.get("/v1/wallets/" + id + "/events?limit=1&cursor=" + rest.str("next"))
	if rest.num("data.0.version") != 4 || rest.at("next") != nil {
		t.Errorf("then: %s", rest.text)
	}
	if a := h.get("/v1/wallets/" + id + "/events?after=4"); a.status != 200 || a.at("data.0") != nil {
		t.Errorf("after the last: %s", a.text)
	}
	activity := h.get("/v1/wallets/" + id + "/activity?limit=1")
	if activity.str("data.0.type") != "allocation" || activity.str("data.0.id") != all.str("data.3.id") {
		t.Errorf("activity: %s", activity.text)
	}
	activity = h.get("/v1/wallets/" + id + "/activity?limit=1&cursor=" + activity.str("next"))
	if activity.str("data.0.type") != "top_up" || activity.at("next") != nil {
		t.Errorf("activity before it: %s", activity.text)
	}
}

func TestABalanceOfThePastIsThatOfItsVersion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, _ := h.funded(1000)
	at := h.get("/v1/wallets/" + id + "/balance").str("at")
	h.must("/v1/wallets/"+id+"/top-ups", `{"amount": `+jpy(5)+`, "reference": "later"}`)
	later := h.get("/v1/wallets/" + id + "/balance?at=2999-01-01T00:00:00Z")
	if later.num("posted.amount") != 1005 || later.num("version") != 4 {
		t.Errorf("in the far future: %s", later.text)
	}
	if a := h.get("/v1/wallets/" + id + "/balance?at=" + at); a.status != 200 || a.num("version") < 3 {
		t.Errorf("then: %s", a.text)
	}
}

func TestRequestsAreCountedByRouteAndStatus(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	metrics, err := wallet.NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, func(o *wallet.Options) { o.Metrics = metrics })
	h.funded(1000)
	h.get("/v1/wallets/" + madeUp(1))
	h.get("/v1/nothing/" + madeUp(1))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, f := range families {
		text += f.String()
	}
	for _, want := range []string{`"POST /v1/wallets"`, `"GET /v1/wallets/{id}"`, `"none"`, `"201"`, `"404"`, "sekisho_wallet_request_seconds"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not counted", want)
		}
	}
	if strings.Contains(text, madeUp(1)) {
		t.Error("what a caller sent is a label")
	}
}
