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
		"null":                    {`null`, "", "json_invalid", 400},
		"half a pair":             {`{"name": "\ud83d"}`, "", "json_invalid", 400},
		"its other half":          {`{"name": "\ude00"}`, "", "json_invalid", 400},
		"the halves apart":        {`{"name": "\ud83d \ude00"}`, "", "json_invalid", 400},
		"the halves turned":       {`{"name": "\ude00\ud83d"}`, "", "json_invalid", 400},
		"two first halves":        {`{"name": "\ud83d\ud83d\ude00"}`, "", "json_invalid", 400},
		"half a pair as a name":   {`{"\uD83D": "x"}`, "", "json_invalid", 400},
		"a pair":                  {`{"name": "\uD83D\ude00 \\ud83d \u00e9"}`, "", "", 201},
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

// pages reads a whole list in pages of a size, and gives one field of each item.
func (h *house) pages(path, field string, limit int) (got []string) {
	h.t.Helper()
	for next := ""; ; {
		a := h.get(path + "?limit=" + strconv.Itoa(limit) + "&cursor=" + next)
		n := 0
		for ; a.at("data."+strconv.Itoa(n)) != nil; n++ {
			got = append(got, a.str("data."+strconv.Itoa(n)+"."+field))
		}
		if n > limit || n == 0 || a.status != 200 {
			h.t.Fatalf("%s: a page of %d has %d: %d %s", path, limit, n, a.status, a.text)
		}
		if next = a.str("next"); next == "" {
			return got
		}
	}
}

func TestEveryListComesInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	group := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid", "name": "Flat 3"}`)
	at := "/v1/wallets/" + group.str("id")
	people, moved := []string{group.str("owner")}, []string{}
	var cards, tokens []string
	for i := range 7 {
		n := strconv.Itoa(i)
		people = append(people, h.must(at+"/members", `{"name": "m`+n+`", "role": "viewer"}`).str("id"))
		moved = append([]string{h.must(at+"/top-ups", `{"amount": `+jpy(1)+`, "reference": "`+n+`"}`).str("id")}, moved...)
		cards = append(cards, h.must(at+"/cards", `{"name": "c`+n+`"}`).str("id"))
		tokens = append(tokens, h.must("/v1/cards/"+cards[0]+"/tokens", `{"number": "`+madeUp(i)+`", "name": "phone"}`).str("id"))
	}
	for _, limit := range []int{1, 2, 3, 7, 100} {
		for _, list := range []struct{ path, field, want string }{
			{at + "/cards", "id", strings.Join(cards, " ")},
			{at + "/members", "id", strings.Join(people, " ")},
			{at + "/activity", "id", strings.Join(moved, " ")},
			{"/v1/cards/" + cards[0] + "/tokens", "id", strings.Join(tokens, " ")},
		} {
			got := strings.Join(h.pages(list.path, list.field, limit), " ")
			if got != list.want {
				t.Errorf("%s in pages of %d: %s", list.path, limit, got)
			}
		}
	}
}

func TestNobodyIsLeftOutOfTheListOfMembersWhenOthersLeave(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	group := h.must("/v1/wallets", `{"kind": "group", "program": "prepaid", "name": "Flat 3"}`)
	at := "/v1/wallets/" + group.str("id") + "/members"
	people := []string{group.str("owner")}
	for i := range 6 {
		people = append(people, h.must(at, `{"name": "m`+strconv.Itoa(i)+`", "role": "viewer"}`).str("id"))
	}
	leave := func(n int) {
		if a := h.send(request{method: "DELETE", path: at + "/" + people[n]}); a.status != 200 {
			t.Fatalf("removed: %d %s", a.status, a.text)
		}
	}
	page := h.get(at + "?limit=3")
	leave(1)
	page = h.get(at + "?limit=2&cursor=" + page.str("next"))
	if page.str("data.0.id") != people[3] || page.str("data.1.id") != people[4] {
		t.Errorf("after one of the page before has left: %s", page.text)
	}
	leave(4) // with whom the page ended
	page = h.get(at + "?limit=100&cursor=" + page.str("next"))
	for i, n := range []int{0, 2, 3, 5, 6} {
		if page.str("data."+strconv.Itoa(i)+".id") != people[n] {
			t.Errorf("after the last of it has left: %s", page.text)
		}
	}
}

func TestAPageOfEventsIsNotEmptyWhileThereAreMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	id, card := h.funded(1000)
	sweep := func(times int) {
		for range times { // finds nothing, and is no event
			h.must("/v1/wallets/"+id+"/allocations", `{"card": "`+card+`", "sweep": true}`)
		}
	}
	sweep(120)
	h.must("/v1/cards/"+card+"/freeze", "")
	sweep(5)
	h.must("/v1/cards/"+card+"/unfreeze", "")
	sweep(5)
	a := h.get("/v1/wallets/" + id + "/events?limit=1&after=3")
	if a.num("data.0.version") != 124 || a.at("data.1") != nil || a.str("next") == "" {
		t.Errorf("behind what is no event: %s", a.text)
	}
	a = h.get("/v1/wallets/" + id + "/events?limit=1&cursor=" + a.str("next"))
	if a.num("data.0.version") != 130 || a.at("data.1") != nil || a.str("next") == "" {
		t.Errorf("then: %s", a.text)
	}
	if a = h.get("/v1/wallets/" + id + "/events?limit=1&cursor=" + a.str("next")); a.at("data.0") != nil || a.at("next") != nil {
		t.Errorf("at the end: %s", a.text)
	}
	sweep(1000)
	if a = h.get("/v1/wallets/" + id + "/events?after=130&limit=1"); a.at("data.0") != nil || a.str("next") == "" {
		t.Errorf("more than one page is looked for in: %s", a.text)
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
	if activity.str("data.0.type") != "allocation" || activity.str("data.0.id") != all.str("data.3.id") || activity.num("data.0.version") != 4 {
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
