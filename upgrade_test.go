// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"bufio"
	"crypto/sha1" //nolint:gosec // RFC 6455, section 4.2.2, demands it.
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// socketKey and socketAnswer are the example of RFC 6455, section 1.3.
const (
	socketKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	socketAnswer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// frame is a message of text from a server, or from a client, which masks it
// (RFC 6455, section 5.7).
func frame(text string, mask [4]byte) []byte {
	masked := mask != [4]byte{}
	out := []byte{0x81, byte(len(text))}
	if masked {
		out[1] |= 0x80
		out = append(out, mask[:]...)
	}
	for i := range len(text) {
		out = append(out, text[i]^mask[i%4])
	}
	return out
}

// readFrame reads one message of text.
func readFrame(t *testing.T, r io.Reader) string {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0x81 {
		t.Errorf("expected a message of text, got %x (%v)", head, err)
		return ""
	}
	var mask [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(r, mask[:]); err != nil {
			t.Error(err)
		}
	}
	text := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(r, text); err != nil {
		t.Error(err)
	}
	for i := range text {
		text[i] ^= mask[i%4]
	}
	return string(text)
}

// acceptSocket switches to a WebSocket.
func acceptSocket(w http.ResponseWriter, r *http.Request) (net.Conn, *bufio.ReadWriter, error) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // As above.
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		base64.StdEncoding.EncodeToString(sum[:]) + "\r\n\r\n")
	return conn, buffered, nil
}

// socketApplication greets over a WebSocket, and says what it is told until the
// other side goes.
func socketApplication(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := acceptSocket(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buffered.Write(frame("hello "+r.Header.Get("X-User"), [4]byte{}))
		_ = buffered.Flush()
		for range 2 {
			_, _ = conn.Write(frame("you said "+readFrame(t, buffered), [4]byte{}))
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// dialSocket asks for a WebSocket as a browser does, and gives the connection
// for what follows the answer.
func (s *site) dialSocket(headers ...string) (net.Conn, *bufio.Reader, *http.Response) {
	s.t.Helper()
	host := strings.TrimPrefix(s.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	request := "GET /socket HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + s.url +
		"\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + socketKey + "\r\n"
	for i := 0; i < len(headers); i += 2 {
		request += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return conn, reader, response
}

// browserCookies are those of somebody who is signed in; scripts cannot add
// headers to what they open a WebSocket or an event stream with.
func (c *clerk) browserCookies(t *testing.T, user, azp string) []string {
	t.Helper()
	token, err := c.Token(user, azp)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"Cookie", "__client_uat=1; __clerk_db_jwt=dvb_x; __session=" + token}
}

func TestAWebSocketGoesThroughAGate(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
		authorized_parties http://localhost:{{port}}
	}
	reverse_proxy `+socketApplication(t)+` {
		header_up X-User {http.clerk.user_id}
	}`)
	for name, headers := range map[string][]string{
		"by cookie": c.browserCookies(t, "alice", s.url), "by header": c.bearer(t, "alice", s.url),
	} {
		t.Run(name, func(t *testing.T) {
			conn, reader, response := s.dialSocket(headers...)
			if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-Websocket-Accept") != socketAnswer {
				t.Fatalf("expected the protocol to be switched, got %d (%v)", response.StatusCode, response.Header)
			}
			if got := readFrame(t, reader); got != "hello user_alice" {
				t.Errorf("expected a greeting, got %q", got)
			}
			for _, text := range []string{"one", "two"} {
				if _, err := conn.Write(frame(text, [4]byte{1, 2, 3, 4})); err != nil {
					t.Fatal(err)
				}
				if got := readFrame(t, reader); got != "you said "+text {
					t.Errorf("expected an answer to %s, got %q", text, got)
				}
			}
		})
	}
}

// TestAWebSocketWithoutASessionGets401 has every kind of gate that sends people
// elsewhere, and requests that look like a page load but for the upgrade.
func TestAWebSocketWithoutASessionGets401(t *testing.T) {
	b := startBackend(t)
	c := startClerk(t, emulator.Options{})
	for name, settings := range map[string]string{
		"development":  c.settings(),
		"production":   b.settings(t),
		"interstitial": b.settings(t) + "\nsession_sync interstitial",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, "", "clerk_auth {\n"+settings+"\n}\nreverse_proxy "+socketApplication(t))
			for _, headers := range [][]string{
				nil, document,
				{"Accept", "text/html"},
				{"Sec-Fetch-Dest", "websocket", "Sec-Fetch-Mode", "websocket"},
				append([]string{"Cookie", "__client_uat=5"}, document...),
				append([]string{"Authorization", "Bearer x"}, document...),
			} {
				_, _, response := s.dialSocket(headers...)
				if response.StatusCode != http.StatusUnauthorized || response.Header.Get("Location") != "" || response.ContentLength != 0 {
					t.Errorf("%q: expected a plain 401, got %d of %d bytes (%v)", headers, response.StatusCode, response.ContentLength, response.Header)
				}
			}
		})
	}
}

// TestEventsArriveOneByOne sends an event only after the one before it has
// arrived.
func TestEventsArriveOneByOne(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	arrived := make(chan bool)
	application := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range []string{"one", "two", "three"} {
			_, _ = io.WriteString(w, "data: "+event+"\n\n")
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
			select {
			case <-arrived:
			case <-r.Context().Done():
				return
			}
		}
	}))
	defer application.Close()
	s := serve(t, "", `
	clerk_auth {
		`+c.settings()+`
	}
	reverse_proxy `+strings.TrimPrefix(application.URL, "http://"))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	cookies := c.browserCookies(t, "alice", s.url)
	request.Header.Set(cookies[0], cookies[1])
	request.Header.Set("Accept", "text/event-stream")
	response, err := s.client.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	for _, want := range []string{"one", "two", "three"} {
		event, err := lines.ReadString('\n')
		if err != nil || event != "data: "+want+"\n" {
			t.Fatalf("expected the event %s, got %q (%v)", want, event, err)
		}
		_, _ = lines.ReadString('\n')
		arrived <- true
	}
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("expected the stream to end, got %q (%v)", rest, err)
	}
}

// TestWhatScriptsOpenIsNeverRedirected is what a browser sends for each of the
// ways in which a script asks.
func TestWhatScriptsOpenIsNeverRedirected(t *testing.T) {
	b := startBackend(t)
	for _, sync := range []string{"handshake", "interstitial"} {
		s := serve(t, "", "clerk_auth {\n"+b.settings(t)+"\nsession_sync "+sync+"\n}\nrespond in")
		for name, headers := range map[string][]string{
			"EventSource":           {"Accept", "text/event-stream", "Cache-Control", "no-cache", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"},
			"EventSource, of old":   {"Accept", "text/event-stream"},
			"fetch":                 {"Accept", "*/*", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"},
			"fetch, of old":         {"Accept", "*/*"},
			"fetch that wants HTML": {"Accept", "text/html", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors"},
			"XMLHttpRequest":        {"Accept", "application/json, text/plain, */*", "X-Requested-With", "XMLHttpRequest"},
			"a script":              {"Accept", "*/*", "Sec-Fetch-Dest", "script", "Sec-Fetch-Mode", "no-cors"},
			"a worker":              {"Accept", "*/*", "Sec-Fetch-Dest", "worker", "Sec-Fetch-Mode", "same-origin"},
			"a picture":             {"Accept", "image/avif,*/*", "Sec-Fetch-Dest", "image"},
			"a fetch in doubt":      {"Accept", "text/html", "Sec-Fetch-Dest", "empty", "Cookie", "__client_uat=5"},
		} {
			a := s.get("/", headers...)
			a.expect(t, http.StatusUnauthorized, "Location", "", "Cache-Control", "no-store")
			if a.body != "" {
				t.Errorf("%s, %s: expected no body, got %q", sync, name, a.body)
			}
		}
	}
}

// unread is a body that nobody may touch.
type unread struct{ t *testing.T }

func (u *unread) Read([]byte) (int, error) {
	u.t.Error("expected the body not to be read")
	return 0, io.EOF
}

func (u *unread) Close() error {
	u.t.Error("expected the body not to be closed")
	return nil
}

// writer is a response writer that can be told apart from one that wraps it.
type writer struct{ *httptest.ResponseRecorder }

// TestAGateWrapsNothing looks at what the next handler is given: a response
// writer that can flush, be hijacked and read from, and a body that is whole.
func TestAGateWrapsNothing(t *testing.T) {
	withoutEnvironment(t)
	b := startBackend(t)
	token, err := b.Token("alice", "https://app.example.com")
	if err != nil {
		t.Fatal(err)
	}
	signedIn := http.Header{"Authorization": {"Bearer " + token}}
	base := map[string]any{"publishable_key": b.PublishableKey(), "secret_key": b.SecretKey(), "jwt_key": b.PublicKeyPEM()}
	for name, test := range map[string]struct {
		settings map[string]any
		header   http.Header
		passes   bool
	}{
		"signed in":                  {nil, signedIn, true},
		"signed out":                 {nil, http.Header{}, false},
		"optional":                   {map[string]any{"optional": true}, http.Header{}, true},
		"optional, signed in":        {map[string]any{"optional": true}, signedIn, true},
		"interstitial":               {map[string]any{"session_sync": "interstitial"}, signedIn, true},
		"interstitial, signed out":   {map[string]any{"session_sync": "interstitial"}, http.Header{}, false},
		"interstitial with optional": {map[string]any{"session_sync": "interstitial", "optional": true}, http.Header{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			settings := make(map[string]any)
			for _, given := range []map[string]any{base, test.settings} {
				for key, value := range given {
					settings[key] = value
				}
			}
			handler := gate(t, settings)
			body := &unread{t}
			r := httptest.NewRequest(http.MethodPost, "https://app.example.com/b", nil)
			r.Body, r.ContentLength, r.Header = body, 10, test.header.Clone()
			w := &writer{httptest.NewRecorder()}
			r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
			given, passed := r.Body, false
			err := handler.ServeHTTP(w, r, caddyhttp.HandlerFunc(func(next http.ResponseWriter, nextRequest *http.Request) error {
				passed = true
				if next != http.ResponseWriter(w) {
					t.Errorf("expected the same response writer, got a %T", next)
				}
				if nextRequest.Body != given {
					t.Errorf("expected the same body, got a %T", nextRequest.Body)
				}
				return nil
			}))
			if passed != test.passes {
				t.Errorf("expected to pass: %t, got %t (%v)", test.passes, passed, err)
			}
			if _, refused := errors.AsType[caddyhttp.HandlerError](err); err != nil && !refused {
				t.Error(err)
			}
		})
	}
}

// tunnel is an application that changes over to whatever protocol it is asked
// to.
func tunnel(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol := r.Header.Get("Upgrade")
		if protocol == "" {
			_, _ = io.WriteString(w, "not asked to change over")
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + protocol + "\r\nConnection: Upgrade\r\n\r\n")
		_ = buffered.Flush()
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestNoRequestIsSentBehindAGate tries to agree with the application on another
// way to send requests, for which it takes one request that passes: a preflight,
// one that the matcher leaves out, or one of somebody who is signed in.
func TestNoRequestIsSentBehindAGate(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	s := serve(t, "", `
	@private not path /public
	clerk_auth @private {
		`+c.settings()+`
		preflight pass
	}
	reverse_proxy `+tunnel(t))
	for name, request := range map[string]struct{ method, path, lines string }{
		"preflight": {http.MethodOptions, "/", "Origin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n"},
		"left out":  {http.MethodGet, "/public", ""},
		"signed in": {http.MethodGet, "/", line(c.bearer(t, "alice", s.url))},
	} {
		for protocol, status := range map[string]int{
			"h2c": http.StatusOK, "H2C": http.StatusOK, "websocket, h2c": http.StatusOK, "TLS/1.0, HTTP/1.1": http.StatusOK,
			"tcp": http.StatusSwitchingProtocols,
		} {
			answer := s.raw(request.method + " " + request.path + " HTTP/1.1\r\nHost: " + strings.TrimPrefix(s.url, "http://") +
				"\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nUpgrade: " + protocol + "\r\n" + request.lines + "\r\n")
			if answer.StatusCode != status {
				t.Errorf("%s, %s: expected %d, got %d", name, protocol, status, answer.StatusCode)
			}
		}
	}
}
