package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sekisho/jobs"
)

// counterDesk is a wallet API that answers what it is told to and remembers what it was asked.
type counterDesk struct {
	*httptest.Server
	asked  []string // method, path and body
	header http.Header
}

func openCounter(t *testing.T, status int, answers ...string) *counterDesk {
	t.Helper()
	c := &counterDesk{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing shows below
		c.asked = append(c.asked, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
		c.header = r.Header
		if status == http.StatusFound {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
		}
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "3")
		}
		w.WriteHeader(status)
		if n := len(c.asked); n <= len(answers) {
			_, _ = io.WriteString(w, answers[n-1])
		}
	}))
	t.Cleanup(c.Close)
	return c
}

const (
	someWallet = "wal_00112233445566778899aabb"
	someCard   = "crd_aabbccddeeff001122334455"
)

func TestEachSubcommandIsOneCallAndSaysWhatCameOfIt(t *testing.T) {
	t.Parallel()
	const (
		walletBody = `{"id":"wal_00112233445566778899aabb","version":1,"kind":"group","program":"prepaid","currency":"JPY","name":"Trip"}`
		cardBody   = `{"id":"crd_aabbccddeeff001122334455","version":3,"name":"food","first6":"354012","last4":"0015","expiry":"3111","status":"active"}`
		listBody   = `{"data":[{"id":"crd_aabbccddeeff001122334455","first6":"354012","last4":"0015","expiry":"3111","status":"active","allocated":{"amount":2000,"currency":"JPY"}}],"next":"abc"}`
		balance    = `{"version":5,"posted":{"amount":5000,"currency":"JPY"},"held":{"amount":800,"currency":"JPY"},"available":{"amount":4200,"currency":"JPY"},"unallocated":{"amount":3000,"currency":"JPY"},"cards":[{"card":"crd_aabbccddeeff001122334455","allocated":{"amount":2000,"currency":"JPY"},"held":{"amount":800,"currency":"JPY"},"available":{"amount":1200,"currency":"JPY"}}]}`
		activity   = `{"data":[{"at":"2026-11-24T09:00:00Z","type":"purchase","card":"crd_aabbccddeeff001122334455","amount":{"amount":800,"currency":"JPY"},"purchase":{"state":"open","held":{"amount":800,"currency":"JPY"},"charged":{"amount":0,"currency":"JPY"},"why":"Held until the merchant collects it.","merchant":"SHOP  "}}]}`
		events     = `{"data":[{"version":2,"at":"2026-11-24T09:00:00Z","kind":"funded","posted":{"amount":5000,"currency":"JPY"},"balance":{"posted":{"amount":5000,"currency":"JPY"},"held":{"amount":0,"currency":"JPY"},"unallocated":{"amount":5000,"currency":"JPY"}}}]}`
		moved      = `{"id":"all_1","version":4,"amount":{"amount":2000,"currency":"JPY"},"card_after":{"available":{"amount":2000,"currency":"JPY"}}}`
		movedBack  = `{"id":"all_1","version":4,"amount":{"amount":-500,"currency":"JPY"}}`
		movedNone  = `{"id":"all_1","version":4,"amount":{"amount":0,"currency":"JPY"}}`
	)
	card := someCard + "   354012******0015   expiry 3111   active   \"food\"   version 3\n"
	for _, c := range []struct {
		args, answer, asked, said string
	}{
		{"create --name Trip --kind group --program prepaid", walletBody, `POST /v1/wallets {"kind":"group","program":"prepaid","name":"Trip"}`, someWallet + "   \"Trip\"   group   prepaid JPY   version 1\n"},
		{"create --name Trip --program prepaid -q", walletBody, `POST /v1/wallets {"kind":"personal","program":"prepaid","name":"Trip"}`, someWallet + "\n"},
		{"create --name Trip --program prepaid --json", walletBody, `POST /v1/wallets {"kind":"personal","program":"prepaid","name":"Trip"}`, walletBody + "\n"},
		{"top-up " + someWallet + " 5,000 --reference r-1 --currency JPY", `{"id":"top_1","version":2,"amount":{"amount":5000,"currency":"JPY"}}`, `POST /v1/wallets/` + someWallet + `/top-ups {"amount":{"amount":5000,"currency":"JPY"},"reference":"r-1"}`, "¥5,000 credited   version 2   top_1\n"},
		{"top-up " + someWallet + " 1 --key k --currency JPY", `{"id":"top_1","version":2,"amount":{"amount":1,"currency":"JPY"}}`, `POST /v1/wallets/` + someWallet + `/top-ups {"amount":{"amount":1,"currency":"JPY"},"reference":"k"}`, "¥1 credited   version 2   top_1\n"},
		{"issue " + someWallet + " --name food", cardBody, `POST /v1/wallets/` + someWallet + `/cards {"name":"food"}`, card},
		{"allocate " + someWallet + " " + someCard + " 2000 --currency JPY", moved, `POST /v1/wallets/` + someWallet + `/allocations {"amount":{"amount":2000,"currency":"JPY"},"card":"` + someCard + `"}`, "¥2,000 allocated, the card has ¥2,000 available   version 4   all_1\n"},
		{"allocate " + someWallet + " " + someCard + " 500 --back --currency JPY", movedBack, `POST /v1/wallets/` + someWallet + `/allocations {"amount":{"amount":-500,"currency":"JPY"},"card":"` + someCard + `"}`, "¥500 back to the wallet   version 4   all_1\n"},
		{"sweep " + someWallet + " " + someCard, movedNone, `POST /v1/wallets/` + someWallet + `/allocations {"card":"` + someCard + `","sweep":true}`, "¥0 allocated: there was nothing to move   version 4   all_1\n"},
		{"transfer " + someWallet + " bob 500 --reference lunch --currency JPY", `{"id":"trf_1","version":6,"amount":{"amount":500,"currency":"JPY"}}`, `POST /v1/transfers {"amount":{"amount":500,"currency":"JPY"},"from":"` + someWallet + `","reference":"lunch","to":"bob"}`, "¥500 transferred   version 6   trf_1\n"},
		{"tier " + someWallet + " verified", strings.Replace(walletBody, `"name"`, `"tier":"verified","name"`, 1), `POST /v1/wallets/` + someWallet + `/tier {"tier":"verified"}`, someWallet + "   \"Trip\"   group   tier verified   prepaid JPY   version 1\n"},
		{"tier " + someWallet + ` ""`, walletBody, `POST /v1/wallets/` + someWallet + `/tier {"tier":""}`, someWallet + "   \"Trip\"   group   prepaid JPY   version 1\n"},
		{"freeze " + someCard, cardBody, "POST /v1/cards/" + someCard + "/freeze", card},
		{"unfreeze " + someCard, cardBody, "POST /v1/cards/" + someCard + "/unfreeze", card},
		{"close " + someCard, cardBody, "POST /v1/cards/" + someCard + "/close", card},
		{"reissue " + someCard, cardBody, "POST /v1/cards/" + someCard + "/reissue", card},
		{"cards " + someWallet + " --limit 1", listBody, "GET /v1/wallets/" + someWallet + "/cards?limit=1", "card                          number            expiry  status  allocated\n" + someCard + "  354012******0015  3111    active     ¥2,000\n"},
		{"show " + someWallet + " --json", balance, "GET /v1/wallets/" + someWallet + "/balance", balance + "\n"},
		{"activity " + someWallet + " --cursor x", activity, "GET /v1/wallets/" + someWallet + "/activity?cursor=x&limit=100", "at                    what      amount  held  charged  state  about  card                          why\n2026-11-24T09:00:00Z  purchase    ¥800  ¥800       ¥0  open   SHOP   " + someCard + "  Held until the merchant collects it.\n"},
		{"events " + someWallet + " --after 1", events, "GET /v1/wallets/" + someWallet + "/events?limit=100&after=1", "version  at                    what     posted  | posted  held  unallocated\n      2  2026-11-24T09:00:00Z  funded  +¥5,000    ¥5,000    ¥0       ¥5,000\n"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			api := openCounter(t, http.StatusOK, c.answer)
			args := strings.Fields("wallet " + c.args)
			for i := range args {
				args[i] = strings.Trim(args[i], `"`) // "" is an argument as well
			}
			code, stdout, stderr := sekisho(t, append(args, "--api", api.URL, "--token", "dev")...)
			if code != exitOK || (stderr != "") != strings.HasPrefix(c.args, "cards") {
				t.Fatalf("exit %d: %s", code, stderr)
			}
			if !slices.Equal(api.asked, []string{c.asked}) {
				t.Errorf("it asks\n%q\nwant\n%q", api.asked, c.asked)
			}
			if stdout != c.said {
				t.Errorf("it says\n%swant\n%s", stdout, c.said)
			}
			if post := strings.HasPrefix(c.asked, "POST"); api.header.Get("Authorization") != "Bearer dev" || (api.header.Get("Idempotency-Key") != "") != post {
				t.Errorf("the headers are %v", api.header)
			}
		})
	}
	t.Run("show", func(t *testing.T) {
		t.Parallel()
		api := openCounter(t, http.StatusOK, walletBody, balance)
		code, stdout, stderr := sekisho(t, "wallet", "show", someWallet, "--api", api.URL+"/", "--token", "dev")
		want := someWallet + "   \"Trip\"   group   prepaid JPY   version 5\n" +
			"posted ¥5,000   held ¥800   available ¥4,200   unallocated ¥3,000\n" +
			"card                          allocated  held  available\n" + someCard + "     ¥2,000  ¥800     ¥1,200\n"
		if code != exitOK || stdout != want {
			t.Errorf("exit %d, %sit says\n%swant\n%s", code, stderr, stdout, want)
		}
	})
}

func TestAnAmountIsInTheCurrencyOfTheWalletUnlessOneIsNamed(t *testing.T) {
	t.Parallel()
	api := openCounter(t, http.StatusOK, `{"id":"w","currency":"USD"}`, `{"id":"top_1","amount":{"amount":1999,"currency":"USD"}}`)
	code, stdout, stderr := sekisho(t, "wallet", "top-up", someWallet, "1999", "--reference", "r", "--api", api.URL, "--token", "dev")
	want := []string{"GET /v1/wallets/" + someWallet, "POST /v1/wallets/" + someWallet + `/top-ups {"amount":{"amount":1999,"currency":"USD"},"reference":"r"}`}
	if code != exitOK || !slices.Equal(api.asked, want) || !strings.HasPrefix(stdout, "USD 19.99 credited") {
		t.Errorf("exit %d, asked %q, %s%s", code, api.asked, stdout, stderr)
	}
}

func TestEveryCallHasAKeyOfItsOwnUnlessOneIsGiven(t *testing.T) {
	t.Parallel()
	api := openCounter(t, http.StatusOK, `{"id":"top_1"}`, `{"id":"top_1"}`, `{"id":"top_1"}`)
	keys := map[string]int{}
	for _, more := range [][]string{nil, nil, {"--key", "mine"}} {
		args := append([]string{"wallet", "top-up", someWallet, "1", "--currency", "JPY", "--api", api.URL, "--token", "dev"}, more...)
		if code, _, stderr := sekisho(t, args...); code != exitOK {
			t.Fatal(stderr)
		}
		keys[api.header.Get("Idempotency-Key")]++
	}
	if len(keys) != 3 || keys["mine"] != 1 {
		t.Errorf("three calls had %d different keys, the given one %d times", len(keys), keys["mine"])
	}
}

func TestAnErrorSaysWhatToDoAndExitsWithOne(t *testing.T) {
	t.Parallel()
	const again = "run the same again with --key mine: it happens once"
	for _, c := range []struct {
		name   string
		status int
		answer string
		want   []string
		again  bool
	}{
		{"a problem", 409, `{"title":"Not enough money","detail":"Ask for less.","code":"insufficient_funds","field":"amount.amount"}`, []string{"Not enough money: amount.amount: Ask for less. [insufficient_funds]"}, false},
		{"a sum that is not there", 409, `{"title":"Not enough money","detail":"Free is less.","code":"insufficient_funds","free":1200}`, []string{"sekisho: Not enough money: ¥1,200 free [insufficient_funds]\n"}, false},
		{"a field", 422, `{"title":"A field has a value that cannot be used","detail":"It is refused: no such tier.","code":"field_invalid","field":"tier"}`, []string{"sekisho: tier: no such tier. [field_invalid]\n"}, false},
		{"no token of it", 401, `{"title":"No token","detail":"Send a header Authorization: Bearer.","code":"unauthorized"}`, []string{"does not know the token: expected another in SEKISHO_TOKEN, --token"}, false},
		{"nobody knows", 503, `{"title":"It is not known yet","detail":"Try again.","code":"outcome_unknown"}`, []string{"[outcome_unknown]"}, true},
		{"too many", 429, `{"title":"Too many requests","detail":"Wait.","code":"rate_limited"}`, []string{"Too many requests: Wait. Retry-After: 3. [rate_limited]"}, true},
		{"a gateway", 502, "<html>", []string{"did not answer: it answered 502"}, true},
		{"another server", 404, "<html>", []string{"cannot be used: it answered 404 and nothing that can be read"}, false},
		{"it leads elsewhere", 302, "", []string{"it answered 302"}, false},
		{"no JSON", 200, "hello", []string{"the answer of the wallet API cannot be read"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			api := openCounter(t, c.status, c.answer)
			code, stdout, stderr := sekisho(t, "wallet", "top-up", someWallet, "1", "--currency", "JPY", "--api", api.URL, "--token", "secret-token", "--key", "mine")
			if code != exitFail || stdout != "" || strings.Contains(stderr, "secret-token") || strings.Contains(stderr, again) != c.again {
				t.Errorf("exit %d, %s%s", code, stdout, stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("%q is not in: %s", want, stderr)
				}
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		code, _, stderr := sekisho(t, "wallet", "freeze", someCard, "--api", "http://127.0.0.1:1", "--token", "dev")
		if code != exitFail || !strings.Contains(stderr, "did not answer") || !strings.Contains(stderr, "--key ") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
}

func TestWrongUseOfTheWalletClientExitsWithTwo(t *testing.T) {
	t.Setenv(walletAPIVariable, "")
	t.Setenv(walletTokenVariable, "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"wallet"}, "a subcommand is missing"},
		{[]string{"wallet", "freeze", someCard}, "where is the wallet API?"},
		{[]string{"wallet", "freeze", someCard, "--api", "http://127.0.0.1:1"}, "wants a token"},
		{[]string{"wallet", "freeze", testNumber(1), "--api", "http://127.0.0.1:1", "--token", "t"}, "(not its number)"},
		{[]string{"wallet", "show", "../cards", "--api", "http://127.0.0.1:1", "--token", "t"}, "the wallet cannot be used"},
		{[]string{"wallet", "top-up", someWallet, "0"}, "the amount cannot be used"},
		{[]string{"wallet", "top-up", someWallet, "1.5"}, "the amount cannot be used"},
		{[]string{"wallet", "top-up", someWallet}, "expected WALLET and AMOUNT"},
		{[]string{"wallet", "allocate", someWallet, someCard, "-100"}, "an amount is above zero; --back takes money back from the card\n"},
		{[]string{"wallet", "top-up", someWallet, "-100"}, "an amount is above zero\n"},
		{[]string{"wallet", "create", "--name", "x"}, "--name and --program are needed"},
		{[]string{"wallet", "create", "--name", "x", "--program", "p", "--kind", "corporate"}, "--kind: expected"},
		{[]string{"wallet", "tier", someWallet}, "expected WALLET and NAME"},
		{[]string{"wallet", "tier", "../x", "verified"}, "the wallet cannot be used"},
		{[]string{"wallet", "cards", someWallet, "--limit", "101"}, "--limit: expected 1 to 100"},
		{[]string{"wallet", "cards", someWallet, "--limit", "ten"}, `sekisho: invalid argument "ten" for "--limit" flag: expected a whole number` + "\n"},
		{[]string{"wallet", "events", someWallet, "--after", "-1"}, `for "--after" flag: expected a whole number, 0 or more` + "\n"},
		{[]string{"wallet", "events", someWallet, "--after", "18446744073709551616"}, "expected a whole number, 0 or more, and a smaller one\n"},
		{[]string{"wallet", "events", someWallet, "--json=maybe"}, "expected true or false\n"},
		{[]string{"wallet", "top-up", someWallet, "1,5"}, "such as 1200 or 1,200 for 1,200 yen"},
		{[]string{"demo", "--rate", "x"}, "expected a number\n"},
		{[]string{"demo", "--for", "x"}, `for "--for" flag: expected a time such as 500ms or 20s` + "\n"},
		{[]string{"wallet", "events", someWallet, "--later"}, "unknown flag: --later"},
	} {
		if code, _, stderr := sekisho(t, c.args...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%q exits with %d: %s", c.args[:2], code, stderr)
		}
	}
	if code, _, stderr := sekisho(t, "wallet", "freeze", someCard, "--api", "ftp://x", "--token", "t"); code == exitOK || !strings.Contains(stderr, "such as http://127.0.0.1:8581") {
		t.Errorf("an address that is none: exit %d, %s", code, stderr)
	}
}

func TestAnAmountIsDigitsOrGroupsOfThree(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1, "0042": 42, "5000": 5000, "1,200": 1200, "12,345": 12345, "123,456,789": 123456789, "999,999,999,999": moneyMax} {
		if got, err := parseAmount(text); err != nil || got != want {
			t.Errorf("%s is read as %d, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"", "0", "0,000", "-1", "+5", "1,00", "1,5", "5,", ",5", "1,,000", "12,34,567", "1234,567", "0,123", "1,0000", "1.5", "1 200", "1_200", "1e3", "0x10",
		"５", "1,200\n", "999,999,999,999,999", "1000000000000", "99999999999999999999",
	} {
		if got, err := parseAmount(text); err == nil || !strings.Contains(err.Error(), "a comma is for groups of three digits") {
			t.Errorf("%q is read as %d, %v", text, got, err)
		}
	}
}

func TestAddressAndTokenComeFromTheConfigurationElseFromTheEnvironment(t *testing.T) {
	api := openCounter(t, http.StatusOK, "{}", "{}", "{}", "{}")
	address := strings.TrimPrefix(api.URL, "http://")
	config := writeFile(t, t.TempDir(), "c.yaml", strings.ReplaceAll(tillConfig, "%s", t.TempDir())+
		"wallet_api: {listen: "+address+", tokens: [{token: plain, tenant: t1, programs: [prepaid], scopes: [\"*\"]}]}\n")
	t.Setenv(walletAPIVariable, "http://127.0.0.1:1")
	t.Setenv(walletTokenVariable, "environment")
	for _, c := range []struct {
		flags []string
		token string
	}{
		{[]string{"--config", config}, "plain"},
		{[]string{"--config", config, "--token", "flag"}, "flag"},
		{[]string{"--api", api.URL}, "environment"},
	} {
		code, _, stderr := sekisho(t, append([]string{"wallet", "show", someWallet, "--json"}, c.flags...)...)
		if code != exitOK || api.header.Get("Authorization") != "Bearer "+c.token {
			t.Errorf("%v: exit %d, %s, the token of %s is wanted", c.flags, code, stderr, c.token)
		}
	}
	s, err := loadConfig(config, []string{walletAPIVariable + "=x", walletTokenVariable + "=y"})
	if err != nil || len(s.Unknown) > 0 {
		t.Errorf("serve takes the client's variables for slips: %v, %v", s.Unknown, err)
	}
}

// Everything a person can do with the client, on the API as it is served.
func TestTheClientAndTheAPIAgree(t *testing.T) {
	t.Parallel()
	p := openTill(t, "wallet_api: {listen: 127.0.0.1:0, tokens: [{token: dev, tenant: t1, programs: [prepaid], scopes: [\"*\"]}]}\n")
	do := func(args ...string) string {
		t.Helper()
		all := append([]string{"wallet"}, args...)
		code, stdout, stderr := sekisho(t, append(append(all, p.flags...), "--token", "dev")...)
		if code != exitOK || stderr != "" {
			t.Fatalf("%s: exit %d: %s", args[0], code, stderr)
		}
		return strings.TrimSpace(stdout)
	}
	hana := do("create", "--name", "Hana", "--program", "prepaid", "-q")
	trip := do("create", "--name", "Trip", "--kind", "group", "--program", "prepaid", "-q")
	do("top-up", hana, "5,000", "--reference", "r-1")
	card := do("issue", hana, "--name", "groceries", "-q")
	do("allocate", hana, card, "2000")
	do("allocate", hana, card, "500", "--back")
	do("transfer", hana, trip, "1000")
	if said := do("tier", hana, "verified"); !strings.Contains(said, "   tier verified   ") {
		t.Errorf("the tier is set: %s", said)
	}
	if code, _, stderr := sekisho(t, append([]string{"wallet", "transfer", hana, trip, "1000", "--token", "dev"}, p.flags...)...); code != exitFail || !strings.Contains(stderr, "limit") {
		t.Errorf("a transfer above that of the tier: exit %d, %s", code, stderr)
	}
	do("freeze", card)
	do("unfreeze", card)
	do("reissue", card)
	if code, stdout, stderr := sekisho(t, append([]string{"pay", "--config", p.config, "--addr", p.link, "--card", card, "--amount", "300", "--token", "dev"}, p.flags...)...); code != exitOK || !strings.Contains(stdout, "hold ¥300") {
		t.Fatalf("pay: exit %d, %s%s", code, stdout, stderr)
	}
	do("sweep", hana, card)
	var b shownBalance
	if err := json.Unmarshal([]byte(do("show", hana, "--json")), &b); err != nil {
		t.Fatal(err)
	}
	if b.Posted.Amount != 4000 || b.Held.Amount != 300 || b.Unallocated.Amount != 3700 || len(b.Cards) != 1 || b.Cards[0].Allocated.Amount != 300 {
		t.Errorf("the balance is %+v", b)
	}
	do("close", card)
	for command, want := range map[string]string{
		"show": "posted ¥4,000   held ¥300", "cards": "closed", "activity": "Held until", "events": "transferred",
	} {
		if text := do(command, hana); !strings.Contains(text, want) {
			t.Errorf("%s: %q is not in\n%s", command, want, text)
		}
	}
}

func TestWhoSawANumberIsInTheReportOfTheDay(t *testing.T) {
	t.Parallel()
	p := openTill(t, "wallet_api: {listen: 127.0.0.1:0, tokens: [{token: dev, name: app-dev, tenant: t1, programs: [prepaid], scopes: [\"*\"]}]}\n")
	access := append(slices.Clone(p.flags), "--token", "dev", "-q")
	_, wallet, _ := sekisho(t, append([]string{"wallet", "create", "--name", "Hana", "--program", "prepaid"}, access...)...)
	_, card, _ := sekisho(t, append([]string{"wallet", "issue", strings.TrimSpace(wallet)}, access...)...)
	client, err := newWalletClient(p.flags[1], "dev")
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := client.post(t.Context(), "/v1/cards/"+strings.TrimSpace(card)+"/reveal", "k-1", map[string]string{"reason": "the holder asked"}); err != nil {
		t.Fatal(err)
	}
	asked := showings(t, p.config, begun)
	if len(asked) != 1 {
		t.Fatalf("recorded %+v", asked)
	}
	asked[0].At = jobs.Time{}
	if want := (numberShown{Who: "app-dev", Tenant: "t1", Wallet: strings.TrimSpace(wallet), Card: strings.TrimSpace(card), Result: "shown", Reason: "the holder asked"}); asked[0] != want {
		t.Errorf("recorded %+v, want %+v", asked[0], want)
	}
}
