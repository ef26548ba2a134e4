// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// oddTargets and oddLines are what no browser sends, one by one or together.
var (
	oddTargets = []string{
		"*", "//", "http://", "http:x", "x:443", "/%", "/%00", "/?%zz", "//evil.example/..", `/\evil.example`, "http://u:p@evil.example/x",
		"/?__clerk_handshake=a&__clerk_help=1", "/?__clerk_handshake_nonce=%00", "/?__clerk_db_jwt=%0d%0aX:y",
		"/x?;a=b&__clerk_redirect_url=javascript:1", "/?__clerk_redirect_url=//evil.example", "/orgs//x", "/orgs/%2f/x", "/sign-out",
	}
	oddLines = []string{
		"", "Host: \r\nAccept: text/html\r\n", "Host: [::1]:0\r\nSec-Fetch-Dest: document\r\nCookie: __session; =; ;;__client_uat=NaN; __session=.\r\n",
		"Host: a..b:99999\r\nAccept: text/html\r\nReferer: http://[\r\nCookie: __client_uat=1e9999; __session=a.b.c\r\n",
		"Host: a\r\nAccept: text/html\r\nAuthorization: Bearer \r\nSec-Fetch-Site: same-origin\r\nOrigin: null\r\n",
	}
)

// TestOddRequestsHarmNothing asks every kind of gate for everything odd, and
// looks for answers that are none, lead elsewhere, or have a header too many.
func TestOddRequestsHarmNothing(t *testing.T) {
	c, p := startClerk(t, emulator.Options{}), startProduction(t)
	for name, settings := range map[string]string{
		"development":   c.settings() + "\nsign_out /sign-out\nidentity_headers\nstrip_credentials\npreflight pass",
		"optional":      c.settings() + "\noptional\nidentity_headers",
		"organizations": p.settings() + "\norganization_sync {\norganization /orgs/:slug/(.*)\n}",
		"satellite":     p.settings() + "\nis_satellite\ndomain a.example\nsatellite_auto_sync",
		"interstitial":  p.settings() + "\nsession_sync interstitial",
		"machines":      p.settings() + "\naccepts_token any\nsign_in_url /sign-in",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "", "@m not path /public\n@admin clerk role org:admin\nclerk_auth @m {\n"+settings+"\n}\nrespond @admin admin\n"+
				"respond in\nhandle_errors {\nrespond \"{http.auth.clerk.error}{http.clerk.claims.a.b}\"\n}")
			for _, method := range []string{http.MethodGet, http.MethodOptions, http.MethodConnect, http.MethodPost, "PRI"} {
				for _, target := range oddTargets {
					for _, lines := range oddLines {
						for _, version := range []string{"1.1", "1.0"} {
							s.expectHarmless(method + " " + target + " HTTP/" + version + "\r\n" + lines + "Connection: close\r\n\r\n")
						}
					}
				}
			}
			if log := s.log(); strings.Contains(log, "panic") {
				t.Errorf("expected no panic, got\n%s", log)
			}
		})
	}
}

func (s *site) expectHarmless(request string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, request)
	answered, _ := io.ReadAll(conn)
	head, _, whole := strings.Cut(string(answered), "\r\n\r\n")
	if !whole || strings.HasPrefix(head, "HTTP/1.1 500") {
		s.t.Errorf("%q: expected an answer, got %q", request, head)
	}
	for field := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(field, ": ")
		leadsAway := name == "Location" && !strings.HasPrefix(value, "https://clerk.") && !strings.HasPrefix(value, "https://accounts.") &&
			!strings.HasPrefix(value, "https://emulator.")
		if leadsAway || name == "X" {
			s.t.Errorf("%q: got %q", request, field)
		}
	}
}
