// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// stepTimeout is for one thing that a person does. It is far more than any of
// them takes, even on a machine that is busy with something else.
const stepTimeout = time.Minute

// findBrowser gives the browser to drive. Its names are those of Debian, of
// Ubuntu and of Google.
func findBrowser() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome"}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("expected one of %s on the PATH, found none; on Debian: apt-get install chromium",
		strings.Join(names, ", "))
}

// startBrowser runs a browser until the test ends, each time as a new one: with
// an empty profile, or the one in the directory.
func startBrowser(t *testing.T, profile string) context.Context {
	t.Helper()
	path, err := findBrowser()
	if err != nil {
		t.Fatalf("finding a browser: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.WindowSize(1200, 800),
		// The sandbox needs rights that a container does not give.
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		// Everything under test is on this machine: nothing else is to be asked.
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		// A page is not to know that no person sits here: Clerk's client takes a
		// browser that is driven for one that is offline.
		chromedp.Flag("disable-blink-features", "AutomationControlled"),
	)
	if profile != "" {
		options = append(options, chromedp.UserDataDir(profile))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", path, err)
	}
	return ctx
}

// tab is one tab of a browser and what was seen in it.
type tab struct {
	ctx    context.Context
	origin string

	mu         sync.Mutex
	redirects  []string
	exceptions []string
	sent       traffic
}

// traffic is what a tab asked for since it was opened.
type traffic struct {
	requests, redirects int
	// elsewhere are the addresses that are on no origin of the test.
	elsewhere []string
}

// openTab opens a tab that shares nothing with any other, like a browser of its
// own. Paths given to it are on the origin.
func openTab(t *testing.T, browser context.Context, origin string) *tab {
	t.Helper()
	return newTab(t, browser, origin, chromedp.WithNewBrowserContext())
}

func newTab(t *testing.T, browser context.Context, origin string, options ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, options...)
	t.Cleanup(cancel)
	b := &tab{ctx: ctx, origin: origin}
	if err := chromedp.Listen(ctx, b.see); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	return b
}

// see notes what the browser tells. It sees the redirects of a navigation before
// the navigation's end is known.
func (b *tab) see(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.sent.count(e, b.origin)
		if e.Type == network.ResourceTypeDocument && e.RedirectResponse != nil {
			b.redirects = append(b.redirects, fmt.Sprintf("%d %s -> %s",
				e.RedirectResponse.Status, brief(e.RedirectResponse.URL), brief(e.Request.URL)))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		b.exceptions = append(b.exceptions, text)
	}
}

// count leaves out what is in the page itself, such as images of a script's own.
func (s *traffic) count(e *network.EventRequestWillBeSent, origin string) {
	if !strings.HasPrefix(e.Request.URL, "http:") && !strings.HasPrefix(e.Request.URL, "https:") {
		return
	}
	s.requests++
	if e.RedirectResponse != nil {
		s.redirects++
	}
	if !strings.HasPrefix(e.Request.URL, origin+"/") {
		s.elsewhere = append(s.elsewhere, e.Request.URL)
	}
}

// brief names a page by its path and the names of its parameters, whose values
// are long but for the reason of a handshake.
func brief(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	var names []string
	for parameter := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if name == "__clerk_hs_reason" {
			name = parameter
		}
		names = append(names, name)
	}
	return strings.TrimSuffix(u.Path+"?"+strings.Join(names, "&"), "?")
}

// run does one step, which must succeed.
func run[T any](t *testing.T, b *tab, what string, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("%s: %v\nredirects: %s", what, err, b.seenRedirects())
	}
	return value
}

// open goes to a path and gives the redirects on the way. The page that it ends
// on has to be a good one.
func (b *tab) open(t *testing.T, path string) (redirects []string) {
	t.Helper()
	b.mustBeGood(t, "opening "+path, b.navigate(t, path))
	return b.seenRedirects()
}

// navigate goes to a path, whatever is there.
func (b *tab) navigate(t *testing.T, path string) *network.Response {
	t.Helper()
	b.forget()
	return run(t, b, "opening "+path, chromedp.NavigateResponse(b.origin+path))
}

// click clicks on something that leads to another page.
func (b *tab) click(t *testing.T, selector string) {
	t.Helper()
	b.forget()
	ctx, cancel := context.WithTimeout(b.ctx, stepTimeout)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
	if err != nil {
		t.Fatalf("clicking on %s: %v\nredirects: %s", selector, err, b.seenRedirects())
	}
	b.mustBeGood(t, "clicking on "+selector, response)
}

func (b *tab) mustBeGood(t *testing.T, what string, response *network.Response) {
	t.Helper()
	if response.Status != 200 {
		t.Fatalf("%s: got status %d at %s\nredirects: %s", what, response.Status, brief(response.URL), b.seenRedirects())
	}
}

func (b *tab) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.redirects = nil
}

func (b *tab) seenRedirects() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.redirects...)
}

// seenTraffic gives what the tab asked for until now.
func (b *tab) seenTraffic() traffic {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}

func (b *tab) seenExceptions() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.exceptions...)
}

// at checks which page the tab shows, by its path.
func (b *tab) at(t *testing.T, path string) {
	t.Helper()
	location := run(t, b, "reading the address", chromedp.Location())
	u, err := url.Parse(location)
	if err != nil {
		t.Fatalf("reading the address: %v", err)
	}
	if origin := u.Scheme + "://" + u.Host; origin != b.origin || u.Path != path {
		t.Fatalf("expected to be at %s, got %s%s", b.origin+path, origin, brief(location))
	}
}

func (b *tab) text(t *testing.T, selector string) string {
	t.Helper()
	return run(t, b, "reading "+selector, chromedp.TextContent(chromedp.CSS(selector)))
}

// fill types into a field, as on a keyboard.
func (b *tab) fill(t *testing.T, selector, text string) {
	t.Helper()
	run(t, b, "typing into "+selector, chromedp.SendKeys(chromedp.CSS(selector), text))
}

// evaluate runs a script in the page and waits for what it promises.
func evaluate[T any](t *testing.T, b *tab, script string) T {
	t.Helper()
	return run(t, b, "evaluating "+script, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

// await looks again and again until a condition holds in the page, which may load
// anew in the meantime. What it waits for may be the end of a token.
func (b *tab) await(t *testing.T, what, condition string) {
	t.Helper()
	limit := stepTimeout + *tokenLifetime
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	var last error
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(async () => Boolean(`+condition+`))()`, chromedp.EvalAwaitPromise))
		if holds {
			return
		}
		if err != nil {
			last = err
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: expected to see it within %s; the last error: %v\nredirects: %s", what, limit, last, b.seenRedirects())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// cookies gives the values of the cookies that the browser would send here.
func (b *tab) cookies(t *testing.T) map[string]string {
	t.Helper()
	got := run(t, b, "reading the cookies", func(ctx context.Context, target *chromedp.Target) (network.GetCookiesResult, error) {
		return cdp.Call(ctx, target, network.GetCookies, network.GetCookiesParams{URLs: []string{b.origin + "/"}})
	})
	values := make(map[string]string)
	for _, c := range got.Cookies {
		values[c.Name] = c.Value
	}
	return values
}

func (b *tab) deleteCookie(t *testing.T, name string) {
	t.Helper()
	run(t, b, "deleting the cookie "+name, func(ctx context.Context, target *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, target, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: b.origin + "/"})
	})
}

// profileWithoutCookies is the profile of someone who has told the browser to
// keep no cookies.
func profileWithoutCookies(t *testing.T) string {
	t.Helper()
	profile, err := os.MkdirTemp("", "caddy-clerk-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	// Not t.TempDir, which is removed before the browser has ended.
	t.Cleanup(func() {
		if err := os.RemoveAll(profile); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("removing the browser's profile: %v", err)
		}
	})
	if err := os.Mkdir(filepath.Join(profile, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	const preferences = `{"profile":{"default_content_setting_values":{"cookies":2}}}`
	if err := os.WriteFile(filepath.Join(profile, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	return profile
}
