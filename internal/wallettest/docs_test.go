package wallettest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sekisho/balance"
)

// The page for people is whole in itself: whatever it refers to is a place in it, or of the same API.
func TestTheDocsReferToNothingElsewhere(t *testing.T) {
	t.Parallel()
	h := openHouse(t, balance.NewMemoryStore(balance.MemoryOptions{}))
	ids, links := map[string]int{}, []string{}
	page := html.NewTokenizer(bytes.NewReader(h.document("/docs")))
	for {
		switch page.Next() {
		case html.ErrorToken:
			if !errors.Is(page.Err(), io.EOF) {
				t.Fatal(page.Err())
			}
			for _, link := range links {
				if ids[link] != 1 {
					t.Errorf("a link leads to #%s, which is there %d times", link, ids[link])
				}
			}
			if len(links) < 20 {
				t.Errorf("the page has only %d links", len(links))
			}
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			tag := page.Token()
			if slices.Contains([]string{"script", "iframe", "object", "embed", "base", "form"}, tag.Data) {
				t.Errorf("the page has a <%s>", tag.Data)
			}
			for _, a := range tag.Attr {
				place, within := strings.CutPrefix(a.Val, "#")
				switch {
				case a.Key == "id":
					ids[a.Val]++
				case a.Key == "href" && within:
					links = append(links, place)
				case tag.Data == "link" && a.Key == "href" && a.Val == "data:,": // no icon is asked for
				case a.Key == "href" && (a.Val == "/openapi.json" || a.Val == "/openapi-3.0.json"):
				case a.Key == "href", a.Key == "src", a.Key == "srcset", a.Key == "data", strings.HasPrefix(a.Key, "on"),
					strings.Contains(a.Val, "url("):
					t.Errorf("<%s %s=%q> refers to what is not in the page", tag.Data, a.Key, a.Val)
				}
			}
		}
	}
}

// browser is a Chromium of this machine; the test is skipped where there is none, but not where CI is to have one.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no chromium on this machine")
	return ""
}

// browsersOwn are whom a fresh Chromium calls whatever page it shows, flags or not.
func browsersOwn() []string {
	return []string{"accounts.google.com", "clients2.google.com", "update.googleapis.com", "www.google.com", "android.clients.google.com"}
}

// gate is the proxy that the browser has to go through: it passes on what goes to the API, and notes the rest.
type gate struct {
	api       string
	mu        sync.Mutex
	passed    []string
	elsewhere []string
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Contains(browsersOwn(), r.URL.Hostname()) {
		http.Error(w, "not now", http.StatusForbidden)
		return
	}
	if r.Method == http.MethodConnect || r.URL.Host != g.api {
		g.elsewhere = append(g.elsewhere, r.Method+" "+r.Host)
		http.Error(w, "not here", http.StatusForbidden)
		return
	}
	g.passed = append(g.passed, r.URL.Path)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		http.Error(w, "no answer", http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body) // the browser shows what it got
}

var consoleError = regexp.MustCompile(`(?m)^.*CONSOLE.*$`)

// In a browser the page is whole: nothing is said to the console, and nothing is asked for off this machine.
func TestTheDocsInABrowser(t *testing.T) {
	t.Parallel()
	program := browser(t)
	h := openHouse(t, balance.NewMemoryStore(balance.MemoryOptions{}))
	g := &gate{api: h.nodes[0].addr}
	proxy := httptest.NewServer(g)
	t.Cleanup(proxy.Close)
	picture := filepath.Join(t.TempDir(), "docs.png")
	if path := os.Getenv("SEKISHO_DOCS_PICTURE"); path != "" {
		picture = path
	}
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--disable-component-update", "--disable-background-networking", "--disable-sync", "--disable-default-apps", "--disable-extensions",
		"--disable-domain-reliability", "--disable-client-side-phishing-detection", "--no-first-run", "--no-pings", "--no-default-browser-check",
		"--disable-features=OptimizationHints,MediaRouter,Translate,CertificateTransparencyComponentUpdater,AutofillServerCommunication",
		"--user-data-dir="+t.TempDir(), "--proxy-server="+proxy.URL, "--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--log-level=0", "--window-size=1280,2400", "--screenshot="+picture, "http://"+g.api+"/docs")
	cmd.WaitDelay = time.Second
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, said)
	}
	if lines := consoleError.FindAll(said, -1); len(lines) > 0 {
		t.Errorf("the console has %q", lines)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !slices.Contains(g.passed, "/docs") || len(g.elsewhere) > 0 {
		t.Errorf("asked for %q, and elsewhere %q", g.passed, g.elsewhere)
	}
	if info, err := os.Stat(picture); err != nil || info.Size() < 20_000 {
		t.Errorf("the picture is missing or empty: %v", err)
	}
}
