// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSignInInOneStep(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, c *clock) {
		p := openPage(t, e)
		if e.production {
			if r := p.get("/client"); r.body["response"] != nil || len(r.Cookies()) != 0 || len(e.store.browsers.entries) != 0 {
				t.Errorf("a visit made a client: %v", r.body)
			}
		}
		c.advance(time.Hour)
		r := p.post("/client/sign_ins", url.Values{
			"strategy": {"password"}, "identifier": {" Alice@Example.com"}, "password": {Password}, "locale": {"en-US"}, "timezone": {"UTC"},
		})
		session := r.at("response.created_session_id")
		for path, want := range map[string]any{
			"response.status": "complete", "client.sessions.0.id": session, "client.last_active_session_id": session, "client.sign_in": nil,
			"client.sessions.0.status": "active", "client.sessions.0.user.id": "user_alice", "client.cookie_expires_at": nil,
			"client.sessions.0.last_active_organization_id":                     "org_acme",
			"client.sessions.0.user.organization_memberships.0.role":            "org:admin",
			"client.sessions.0.user.organization_memberships.1.organization.id": "org_globex",
			"client.sessions.0.user.private_metadata":                           nil,
			"client.updated_at": float64(c.now().UnixMilli()),
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		claims := p.claims(r.at("client.sessions.0.last_active_token.jwt"))
		if claims["sid"] != session || claims["azp"] != site || claims["iat"] != float64(c.now().Unix()) || claims["exp"] != float64(c.now().Unix()+60) {
			t.Errorf("claims %v", claims)
		}
		if got := p.people(); got != "user_alice*" {
			t.Errorf("signed in after a reload: %s", got)
		}
	})
}

// The prebuilt sign-in asks for the password on a second step, and looks in the
// client for the sign-in that it is in.
func TestSignInInTwoSteps(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		first := p.post("/client/sign_ins", url.Values{"identifier": {"bob@example.com"}, "locale": {"en-US"}})
		id, _ := first.at("response.id").(string)
		for path, want := range map[string]any{
			"response.status": "needs_first_factor", "response.supported_first_factors.0.strategy": "password", "response.identifier": "bob@example.com",
			"client.sign_in.id": id, "client.sign_in.status": "needs_first_factor", "response.created_session_id": nil,
		} {
			if got := first.at(path); got != want {
				t.Errorf("%s is %v, want %v", path, got, want)
			}
		}
		if got := p.people(); got != "" {
			t.Errorf("signed in without a password: %s", got)
		}
		attempt := "/client/sign_ins/" + id + "/attempt_first_factor"
		if wrong := p.post(attempt, url.Values{"strategy": {"password"}, "password": {"wrong"}}); wrong.StatusCode != 422 || wrong.code() != "form_password_incorrect" {
			t.Errorf("status %d, %s", wrong.StatusCode, wrong.code())
		}
		if got := p.get("/client").at("response.sign_in.id"); got != id {
			t.Errorf("after a wrong password the sign-in is %v, want %s", got, id)
		}
		second := p.post(attempt, url.Values{"strategy": {"password"}, "password": {Password}})
		if second.at("response.status") != "complete" || second.at("response.id") != id || second.at("client.sign_in") != nil {
			t.Errorf("body %v", second.body)
		}
		if got := p.people(); got != "user_bob*" {
			t.Errorf("signed in: %s", got)
		}
		if again := p.post(attempt, url.Values{"strategy": {"password"}, "password": {Password}}); again.StatusCode != http.StatusNotFound {
			t.Errorf("the sign-in can be ended twice: status %d", again.StatusCode)
		}
	})
}

func TestSignInRefusals(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, _ *clock) {
		p := openPage(t, e)
		alice := p.signIn("alice")
		for name, attempt := range map[string]struct {
			form   url.Values
			status int
			code   string
		}{
			"wrong password":       {url.Values{"strategy": {"password"}, "identifier": {"bob"}, "password": {"Emulator"}}, 422, "form_password_incorrect"},
			"empty password":       {url.Values{"strategy": {"password"}, "identifier": {"bob"}, "password": {""}}, 422, "form_password_incorrect"},
			"two passwords":        {url.Values{"strategy": {"password"}, "identifier": {"bob"}, "password": {"wrong", Password}}, 422, "form_password_incorrect"},
			"unknown person":       {url.Values{"strategy": {"password"}, "identifier": {"mallory"}, "password": {Password}}, 422, "form_identifier_not_found"},
			"user id":              {url.Values{"strategy": {"password"}, "identifier": {"user_bob"}, "password": {Password}}, 422, "form_identifier_not_found"},
			"nobody":               {url.Values{}, 422, "form_identifier_not_found"},
			"half an address":      {url.Values{"identifier": {"@example.com"}}, 422, "form_identifier_not_found"},
			"control characters":   {url.Values{"identifier": {"a\r\n@example.com"}}, 422, "form_identifier_not_found"},
			"long address":         {url.Values{"identifier": {strings.Repeat("a", maxNameBytes) + "@example.com"}}, 422, "form_identifier_not_found"},
			"long value":           {url.Values{"identifier": {"bob"}, "x": {strings.Repeat("a", maxValue+1)}}, 400, "request_invalid"},
			"huge body":            {url.Values{"identifier": {"bob"}, "x": {strings.Repeat("a", maxBody)}}, 400, "request_invalid"},
			"other strategy":       {url.Values{"strategy": {"oauth_google"}, "identifier": {"bob"}, "password": {Password}}, 422, "form_param_value_invalid"},
			"signed in already":    {url.Values{"strategy": {"password"}, "identifier": {"alice@example.com"}, "password": {Password}}, 400, "identifier_already_signed_in"},
			"signed in, no secret": {url.Values{"identifier": {"alice@example.com"}}, 400, "identifier_already_signed_in"},
		} {
			t.Run(name, func(t *testing.T) {
				r := p.post("/client/sign_ins", attempt.form)
				if r.StatusCode != attempt.status || r.code() != attempt.code || len(r.Cookies()) != 0 {
					t.Errorf("status %d, %s, cookies %v; want %d, %s", r.StatusCode, r.code(), r.setting(), attempt.status, attempt.code)
				}
				if attempt.code == "identifier_already_signed_in" && r.at("errors.0.meta.session_id") != alice {
					t.Errorf("the session is not named: %v", r.body)
				}
			})
		}
		if got := p.people(); got != "user_alice*" {
			t.Errorf("signed in: %s", got)
		}
	})
}

func TestAnybodyWithAnAddressCanSignIn(t *testing.T) {
	e, _ := newTestEmulator(t, Options{})
	p := openPage(t, e)
	p.signIn("new@example.com")
	typed, err := e.people.typed("new@example.com")
	if err != nil {
		t.Fatal(err)
	}
	r := p.get("/client")
	if r.at("response.sessions.0.user.id") != typed.ID || r.at("response.sessions.0.last_active_organization_id") != nil {
		t.Errorf("client %v", r.body)
	}
}

// Clients begin and change in the Frontend API: what it sets is all that a
// browser has to be known by.
func TestCookiesOfASignIn(t *testing.T) {
	both(t, func(t *testing.T, e *Emulator, c *clock) {
		for _, secure := range []string{"", "; Secure"} {
			p := openPage(t, e)
			path := "/__clerk"
			change := func(*http.Request) {}
			if secure != "" {
				path = "/auth/clerk"
				change = func(r *http.Request) {
					r.Header.Set("Clerk-Proxy-Url", "https://app.example.com/auth/clerk")
					r.Header.Set("Clerk-Secret-Key", e.SecretKey())
					r.Header.Set("Origin", "https://app.example.com")
				}
			}
			s := "_" + e.CookieSuffix()
			refresh := "__refresh" + s + "=*; Path=/; Max-Age=31536000; HttpOnly" + secure + "; SameSite=Lax"
			want := []string{refresh}
			if e.production {
				want = []string{
					"__client=*; Path=" + path + "; Max-Age=31536000; HttpOnly" + secure + "; SameSite=Lax",
					"__client_uat=1800000000; Path=/; Max-Age=31536000" + secure + "; SameSite=Lax",
					"__client_uat" + s + "=1800000000; Path=/; Max-Age=31536000" + secure + "; SameSite=Lax",
					refresh,
				}
			}
			r := p.post("/client/sign_ins", url.Values{"strategy": {"password"}, "identifier": {"alice"}, "password": {Password}}, change)
			if got := r.setting(); !slices.Equal(got, want) {
				t.Errorf("signing in sets %q, want %q", got, want)
			}
			session, _ := r.at("response.created_session_id").(string)
			if e.production {
				want = want[1:]
			}
			for _, action := range []string{"tokens", "touch"} {
				if got := p.post("/client/sessions/"+session+"/"+action, nil, change).setting(); !slices.Equal(got, want) {
					t.Errorf("%s sets %q, want %q", action, got, want)
				}
			}
			if got := p.get("/client/sessions/"+session, change).setting(); len(got) != 0 {
				t.Errorf("reading sets %q", got)
			}
			want = []string{"__refresh" + s + "=; Path=/; Max-Age=0; HttpOnly" + secure + "; SameSite=Lax"}
			if e.production {
				want = append([]string{
					"__client_uat=0; Path=/; Max-Age=31536000" + secure + "; SameSite=Lax",
					"__client_uat" + s + "=0; Path=/; Max-Age=31536000" + secure + "; SameSite=Lax",
				}, want...)
			}
			if got := p.post("/client/sessions?_method=DELETE", nil, change).setting(); !slices.Equal(got, want) {
				t.Errorf("signing out sets %q, want %q", got, want)
			}
		}
	})
}

// Whoever handed a browser a client whose name they know does not share what
// becomes of it.
func TestSigningInRenamesTheClient(t *testing.T) {
	e, _ := newTestEmulator(t, Options{Production: true})
	planted := openPage(t, e)
	first := planted.post("/client/sign_ins", url.Values{"identifier": {"carol"}})
	victim := openPage(t, e)
	known := planted.cookies["__client"]
	victim.cookies["__client"] = known
	id, _ := first.at("response.id").(string)
	r := victim.post("/client/sign_ins/"+id+"/attempt_first_factor", url.Values{"strategy": {"password"}, "password": {Password}})
	if r.StatusCode != http.StatusOK || victim.cookies["__client"] == known {
		t.Fatalf("status %d, the client keeps its name: %t", r.StatusCode, victim.cookies["__client"] == known)
	}
	if got := planted.people(); got != "" {
		t.Errorf("who knew the client is signed in as %s", got)
	}
	if got := victim.people(); got != "user_carol*" {
		t.Errorf("signed in: %s", got)
	}
}
