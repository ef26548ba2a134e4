// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// page is one that Clerk's client runs in, with the cookies of its browser.
type page struct {
	t          *testing.T
	e          *Emulator
	devBrowser string
	cookies    map[string]string
}

// reply is what a page was answered.
type reply struct {
	*http.Response
	body map[string]any
}

// openPage begins as Clerk's client does: a development browser is made first.
func openPage(t *testing.T, e *Emulator) *page {
	t.Helper()
	p := &page{t: t, e: e, cookies: make(map[string]string)}
	if !e.production {
		p.devBrowser = p.post("/dev_browser", nil).body["id"].(string)
	}
	return p
}

// both runs a test for either kind of key.
func both(t *testing.T, test func(t *testing.T, e *Emulator, c *clock)) {
	t.Helper()
	for _, production := range []bool{false, true} {
		t.Run(fmt.Sprintf("production=%t", production), func(t *testing.T) {
			e, c := newTestEmulator(t, Options{Production: production})
			test(t, e, c)
		})
	}
}

func (p *page) get(path string, change ...func(*http.Request)) reply {
	p.t.Helper()
	return p.ask("GET", path, change...)
}

// post sends a form as Clerk's client does, from the emulator's own origin.
func (p *page) post(path string, form url.Values, change ...func(*http.Request)) reply {
	p.t.Helper()
	own := []func(*http.Request){withForm(form), withHeader("Origin", site)}
	return p.ask("POST", path, append(own, change...)...)
}

func (p *page) ask(method, path string, change ...func(*http.Request)) reply {
	p.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	path += separator + "__clerk_api_version=2099-01-01&_clerk_js_version=6.40.0"
	if p.devBrowser != "" {
		path += "&__clerk_db_jwt=" + p.devBrowser
	}
	for _, name := range slices.Sorted(maps.Keys(p.cookies)) {
		change = append(change, withCookie(name, p.cookies[name]))
	}
	response := call(p.e, method, "/v1"+path, change...)
	for _, c := range response.Cookies() {
		p.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(p.cookies, c.Name)
		}
	}
	return reply{Response: response, body: decode(p.t, []byte(body(p.t, response)))}
}

// at gives a member of the body by its path.
func (r reply) at(path string) any {
	var value any = r.body
	for name := range strings.SplitSeq(path, ".") {
		switch container := value.(type) {
		case map[string]any:
			value = container[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(container) {
				return nil
			}
			value = container[i]
		default:
			return nil
		}
	}
	return value
}

// code is that of the first error.
func (r reply) code() string {
	code, _ := r.at("errors.0.code").(string)
	return code
}

// signIn signs somebody in beside those who are, and gives the session's id.
func (p *page) signIn(identifier string) string {
	p.t.Helper()
	r := p.post("/client/sign_ins", url.Values{"strategy": {"password"}, "identifier": {identifier}, "password": {Password}})
	id, _ := r.at("response.created_session_id").(string)
	if r.StatusCode != http.StatusOK || id == "" {
		p.t.Fatalf("signing %s in: status %d, %v", identifier, r.StatusCode, r.body)
	}
	return id
}

// people are those whom GET /client says are signed in, the active one with a star.
func (p *page) people() string {
	p.t.Helper()
	r := p.get("/client")
	list, _ := r.at("response.sessions").([]any)
	names := make([]string, len(list))
	for i := range list {
		names[i] = r.at(fmt.Sprintf("response.sessions.%d.user.id", i)).(string)
		if r.at(fmt.Sprintf("response.sessions.%d.id", i)) == r.at("response.last_active_session_id") {
			names[i] += "*"
		}
	}
	return strings.Join(names, " ")
}

// claims are those of a token that the instance signed.
func (p *page) claims(token any) map[string]any {
	p.t.Helper()
	text, _ := token.(string)
	return decode(p.t, verified(p.t, p.e, text))
}

// setting gives a response's Set-Cookie headers without their random values.
func (r reply) setting() []string {
	list := make([]string, 0)
	for _, c := range r.Cookies() {
		directive := c.Raw
		if c.HttpOnly && c.Value != "" {
			directive = strings.Replace(directive, "="+c.Value+";", "=*;", 1)
		}
		list = append(list, directive)
	}
	return list
}
