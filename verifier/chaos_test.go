// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The rest of the rhythm that RemoteKeys documents.
const (
	// runPeriod is the age at which Run fetches keys again.
	runPeriod = refreshAge * 4 / 5
	// refreshPause is the least time between refreshes that callers cause.
	refreshPause = 30 * time.Second
	// shortRetries is how many pauses of Run's retries are shorter than
	// steadyRetry, which is the least of all others: they double from at least
	// 125 ms, and the eighth is at least half of 30 s.
	shortRetries = 7
	steadyRetry  = 15 * time.Second
	// fetchTime is what a fetch takes at most, and so whoever waits for one.
	fetchTime = 10 * time.Second
)

// What the chaos is made of.
const (
	// faultTime lets Run and the callers find the keys old in every fault: Run
	// asks four minutes after the last good fetch, the callers after five.
	faultTime = 6 * time.Minute
	// recoveryTime is longer than holdTime and doubtPause together, after which
	// the server must have been asked again.
	recoveryTime = 150 * time.Second
	// holdTime is how long the server wants to be left alone.
	holdTime = 80 * time.Second
	// latency is what the server takes for a good answer, so that a caller who
	// waits for one is found out.
	latency = 80 * time.Millisecond

	otherKid  = "ins_other"
	elsewhere = "elsewhere.example"
	apiSecret = "sk_test_do_not_print_me"
)

// fate is what became of a token: a reason, or one of these.
type fate string

const (
	passes fate = "it passes"
	// undecided is ErrKeysUnavailable, which says nothing about the token.
	undecided fate = "the keys are unavailable"
)

const (
	badSignature = fate(verifier.ReasonTokenInvalidSignature)
	unknownKey   = fate(verifier.ReasonJWKKidMismatch)
	noToken      = fate(verifier.ReasonTokenInvalid)
)

func fateOf(err error) fate {
	switch {
	case err == nil:
		return passes
	case errors.Is(err, verifier.ErrKeysUnavailable):
		return undecided
	default:
		return fate(verifier.ReasonOf(err))
	}
}

// fates are what becomes of the instance's tokens, of those that the
// attacker signed under the instance's key ID, and of those that he signed
// under another one.
type fates struct{ instance, forged, other fate }

// What follows from what the key server last said. During an outage the
// instance's keys are the ones that are known, for it was well before.
var (
	instanceKnown = fates{instance: passes, forged: badSignature, other: unknownKey}
	outage        = fates{instance: passes, forged: badSignature, other: undecided}
	otherKnown    = fates{instance: unknownKey, forged: unknownKey, other: passes}
	replaced      = fates{instance: badSignature, forged: passes, other: unknownKey}
)

// conduct is how the key server behaves for a while.
type conduct struct {
	name  string
	makes fates
	// answer is nil when not even a connection comes about.
	answer http.HandlerFunc
}

func (c *conduct) fails() bool { return c.makes == outage }

var (
	well = &conduct{"is well", instanceKnown, after(latency, publishes(jwks(jwkOf(instanceKey, nil))))}
	gone = &conduct{"refuses connections", outage, nil}
)

// wrongKeys are no fault that could be told from a rotation: what a key server
// says counts, and only the key that it names signs.
var wrongKeys = []*conduct{
	{"names somebody else's key by another ID", otherKnown, after(latency, publishes(jwks(jwkOf(attackerKey, members{"kid": otherKid}))))},
	{"names somebody else's key by the instance's ID", replaced, after(latency, publishes(jwks(jwkOf(attackerKey, nil))))},
}

// faults are the ways in which the key server misbehaves. Where it sends a key
// that must not be used it is the attacker's, so that the forged tokens would
// pass if it were.
func (s *unsteadyServer) faults() []*conduct {
	set, attackers := jwks(jwkOf(instanceKey, nil)), jwks(jwkOf(attackerKey, nil))
	blank := bytes.Repeat([]byte(" "), 10<<20)
	curve := must(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)).PublicKey.Bytes())
	ec := members{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": encode(curve[1:33]), "y": encode(curve[33:])}
	private := members{"d": encode(attackerKey.D.Bytes()), "p": encode(attackerKey.Primes[0].Bytes()), "q": encode(attackerKey.Primes[1].Bytes())}
	return []*conduct{
		{"answers after nine seconds", instanceKnown, after(9*time.Second, publishes(set))},
		{"dribbles its answer in eight seconds", instanceKnown, dribbles(set, 8*time.Second/time.Duration(len(set)))},
		{"dribbles its answer for minutes", outage, dribbles(set, time.Second)},
		{"never answers", outage, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		gone,
		{"hangs up before the header", outage, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"speaks another protocol", outage, speaksSSH},
		{"hangs up amid a body of known length", outage, hangsUpAmid(attackers, "Content-Length", strconv.Itoa(2*len(attackers)))},
		{"hangs up amid a body of unknown length", outage, hangsUpAmid(attackers)},
		{"has too much to do, for some seconds", outage, s.wantsPeace(http.StatusTooManyRequests, time.Nanosecond, func(until time.Time) string {
			return strconv.Itoa(int(time.Until(until) / time.Second))
		})},
		{"is under repair, up to a date", outage, s.wantsPeace(http.StatusServiceUnavailable, time.Second, func(until time.Time) string {
			return until.UTC().Format(http.TimeFormat)
		})},
		{"is broken", outage, answers(http.StatusInternalServerError, attackers)},
		{"knows no key set", outage, answers(http.StatusNotFound, attackers)},
		{"sends elsewhere", outage, answers(http.StatusFound, nil, "Location", "http://"+elsewhere+"/v1/jwks")},
		{"shows a page", outage, answers(http.StatusOK, []byte("<html>It works!</html>"), "Content-Type", "text/html")},
		{"has no keys", outage, publishes(jwks())},
		{"says null", outage, publishes([]byte("null"))},
		{"says nothing", outage, publishes(nil)},
		{"sends ten megabytes", outage, publishes(append(attackers, blank...))},
		{"sends ten megabytes in few", outage, answers(http.StatusOK, compressed(append(attackers, blank...)), "Content-Encoding", "gzip")},
		{"has a key that is too small", outage, publishes(jwks(jwkOf(newKey(1024), nil)))},
		{"has a key of another type", outage, publishes(jwks(ec))},
		{"has a key of another use", outage, publishes(jwks(jwkOf(attackerKey, members{"use": "enc"})))},
		{"gives its private key away", outage, publishes(jwks(jwkOf(attackerKey, private)))},
	}
}

func answers(status int, body []byte, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}
}

func publishes(body []byte) http.HandlerFunc {
	return answers(http.StatusOK, body, "Content-Type", "application/json")
}

// after delays an answer.
func after(delay time.Duration, answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(delay):
			answer(w, r)
		case <-r.Context().Done():
		}
	}
}

// dribbles sends its body byte by byte.
func dribbles(body []byte, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := range body {
			after(pause, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body[i : i+1]) })(w, r)
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		}
	}
}

// hangsUpAmid cuts a body off. What it sent by then is a whole key set, so that
// nothing but HTTP tells that more was to come.
func hangsUpAmid(set []byte, headers ...string) http.HandlerFunc {
	begin := answers(http.StatusOK, set, headers...)
	return func(w http.ResponseWriter, r *http.Request) {
		begin(w, r)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func speaksSSH(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte("SSH-2.0-OpenSSH_10.0\r\n"))
	_ = conn.Close()
}

// wantsPeace asks to be left alone, and notes until when. How precisely it can
// ask depends on the form: a date has no fractions of a second.
func (s *unsteadyServer) wantsPeace(status int, precision time.Duration, retryAfter func(until time.Time) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		until := time.Now().Add(holdTime).Truncate(precision)
		s.heldUntil.Store(&until)
		answers(status, nil, "Retry-After", retryAfter(until))(w, r)
	}
}

func compressed(body []byte) []byte {
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	_ = must(w.Write(body))
	if err := w.Close(); err != nil {
		panic(err)
	}
	return small.Bytes()
}

// unsteadyServer is a key server whose conduct changes, and whoever asks it.
// Both are net/http's own; they speak through pipes in memory, since waiting for
// a network is not what makes a bubble's time go on.
type unsteadyServer struct {
	t      *testing.T
	server *http.Server
	client *backendapi.Client
	waits  chan net.Conn // to be accepted
	closed chan struct{}

	mu    sync.Mutex
	conns []net.Conn // the server's ends

	now atomic.Pointer[conduct]
	// met is the conduct that the last question met, and heard the one that the
	// last fetch ended with.
	met, heard atomic.Pointer[conduct]
	heldUntil  atomic.Pointer[time.Time]

	requests, fetches, running atomic.Int64
}

func newUnsteadyServer(t *testing.T) *unsteadyServer {
	s := &unsteadyServer{t: t, waits: make(chan net.Conn), closed: make(chan struct{})}
	s.heldUntil.Store(new(time.Time))
	s.turn(well)
	transport := &http.Transport{DialContext: s.dial}
	// All else is as the module has it, above all what becomes of a redirect.
	doer := backendapi.DefaultDoer()
	doer.Transport = transport
	s.client = must(backendapi.New(backendapi.Options{SecretKey: apiSecret, APIURL: "http://localhost", Doer: doer, Retry: new(backendapi.RetryPolicy)}))
	s.server = &http.Server{Handler: s}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.server.Serve(s)
	}()
	t.Cleanup(func() {
		_ = s.server.Close()
		<-ended
		transport.CloseIdleConnections()
	})
	return s
}

// Accept, Close and Addr make it a net.Listener.
func (s *unsteadyServer) Accept() (net.Conn, error) {
	select {
	case conn := <-s.waits:
		return conn, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *unsteadyServer) Close() error {
	close(s.closed)
	return nil
}

func (s *unsteadyServer) Addr() net.Addr { return &net.TCPAddr{} }

// dial leads to the server whatever the address, so that a redirect which is
// followed is seen there.
func (s *unsteadyServer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	if now := s.now.Load(); now.answer == nil {
		s.met.Store(now)
		return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
	}
	near, far := net.Pipe()
	select {
	case s.waits <- far:
	case <-s.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns = append(s.conns, far)
	return near, nil
}

// turn changes how the server behaves. One that refuses connections hangs up
// on those that it has.
func (s *unsteadyServer) turn(how *conduct) {
	s.now.Store(how)
	if how.answer != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

func (s *unsteadyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if r.Host == elsewhere {
		s.t.Error("expected the redirect not to be followed")
		publishes(jwks(jwkOf(attackerKey, nil)))(w, r)
		return
	}
	if r.URL.Path != "/v1/jwks" {
		s.t.Errorf("expected a question for the key set, got one for %s", r.URL.Path)
	}
	if until := *s.heldUntil.Load(); time.Now().Before(until) {
		s.t.Errorf("expected the server to be left alone for another %s", time.Until(until))
	}
	now := s.now.Load()
	s.met.Store(now)
	now.answer(w, r)
}

// fetch asks the server as the module does.
func (s *unsteadyServer) fetch(ctx context.Context) (*verifier.KeyDocument, error) {
	s.fetches.Add(1)
	if s.running.Add(1) > 1 {
		s.t.Error("two fetches ran at once")
	}
	defer s.running.Add(-1)
	set, err := s.client.JWKS.Get(ctx)
	s.heard.Store(s.met.Load())
	if err == nil {
		return &verifier.KeyDocument{Body: set.Body, Date: set.Date}, nil
	}
	if answer, ok := errors.AsType[*backendapi.Error](err); ok && answer.RetryAfter > 0 {
		err = verifier.RetryLater(err, answer.RetryAfter)
	}
	return nil, err
}

// site verifies tokens with the server's keys.
type site struct {
	remote     *verifier.RemoteKeys
	verifier   *verifier.Verifier
	signatures *counted
	stop       func() // ends Run
}

func newSite(t *testing.T, server *unsteadyServer, store verifier.KeyStore, log *slog.Logger) *site {
	remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{Fetch: server.fetch, Store: store, Log: log}))
	v, signatures, _ := remembering(t, remote, 4<<20)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		remote.Run(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return &site{remote, v, signatures, stop}
}

// visitor is a kind of token that is brought every second, one of several.
type visitor struct {
	name   string
	tokens []string
	// atOnce is how many bring the same one at the same moment.
	atOnce int
	expect func(fates) fate
}

// freshTokens is how many tokens there are of which each is new to the cache
// whenever its turn comes, once a second: it remembers tokens for two minutes at
// most after they were used.
const freshTokens = 150

// signedIn are those whom the instance knows.
func signedIn() []visitor {
	expect := func(v fates) fate { return v.instance }
	return []visitor{
		{"a token seen before", mint("seen", 3, instanceKey, kid), 2, expect},
		{"a fresh token", mint("fresh", freshTokens, instanceKey, kid), 1, expect},
	}
}

// strangers are let in by nothing but a key server's word.
func strangers() []visitor {
	return []visitor{
		{"a forged token", mint("forged", 8, attackerKey, kid), 1, func(v fates) fate { return v.forged }},
		{"a token of an unknown key", mint("unknown", 8, attackerKey, otherKid), 1, func(v fates) fate { return v.other }},
		{"garbage", garbage(), 1, func(fates) fate { return noToken }},
	}
}

// mint makes distinct tokens.
func mint(name string, n int, key *rsa.PrivateKey, id string) []string {
	tokens := make([]string, n)
	for i := range tokens {
		signed := encode(toJSON(header(members{"kid": id}))) + "." + encode(toJSON(session(members{"jti": name + strconv.Itoa(i)})))
		tokens[i] = signed + "." + encode(rsaSign(key, "RS256", signed))
	}
	return tokens
}

func garbage() []string {
	token := good()
	unsigned, _, _ := strings.Cut(token, ".")
	return []string{
		"", ".", "..", "a.b.c", "null", unsigned, token + ".", "." + token, token + "=", token + "\n",
		strings.ReplaceAll(token, ".", " "), strings.Repeat("A", verifier.MaxTokenSize) + token, "\x00\xff",
	}
}

// crowd visits a site, every second anew.
type crowd struct {
	t        *testing.T
	server   *unsteadyServer
	site     *site
	visitors []visitor
	second   int
	inside   sync.WaitGroup
}

func newCrowd(t *testing.T, server *unsteadyServer, site *site, visitors []visitor) *crowd {
	c := &crowd{t: t, server: server, site: site, visitors: visitors}
	t.Cleanup(c.inside.Wait)
	return c
}

// during lets the crowd come for a while in which the server behaves in a way.
func (c *crowd) during(how *conduct, long time.Duration) {
	c.t.Helper()
	allowed := c.budget(how, long)
	fetches, requests := c.server.fetches.Load(), c.server.requests.Load()
	c.server.turn(how)
	for range long / time.Second {
		c.arrive()
		pass(time.Second)
		if c.t.Failed() {
			c.t.Fatalf("while the server %s", how.name)
		}
	}
	if heard := c.server.heard.Load(); heard != how {
		c.t.Fatalf("expected it to be noticed that the server %s, got that it %s", how.name, heard.name)
	}
	if got := c.server.fetches.Load() - fetches; got < 2 || got > allowed {
		c.t.Errorf("while the server %s: expected 2 to %d fetches in %s, got %d", how.name, allowed, long, got)
	}
	// When a kept connection is closed instead of answered, net/http asks once
	// more on a new one. After that none is kept.
	if got := c.server.requests.Load() - requests; got > allowed+1 {
		c.t.Errorf("while the server %s: expected at most %d requests in %s, got %d", how.name, allowed+1, long, got)
	}
}

// stayAway lets a while go by in which nobody comes. Then Run alone sees to it
// that whoever comes next finds fresh keys.
func (c *crowd) stayAway() {
	c.t.Helper()
	pass(2 * refreshAge)
	if status := c.site.remote.Status(); status.Stale || status.FetchedAt.IsZero() {
		c.t.Fatalf("expected Run to have fetched within %s, got keys of %s", refreshAge, status.FetchedAt)
	}
}

// budget is how many fetches the rhythm allows, from now on for a while.
//
// Tokens cause one a minute. When the server answers, Run adds one in four
// minutes, and one more may be what ended a failure before. When it does not,
// Run tries again from when the keys are four minutes old, seven times quickly
// and then each 15 s at most, and callers from when they are five minutes old,
// each 30 s. Each of these may begin with the time, hence one more of each.
func (c *crowd) budget(how *conduct, long time.Duration) int64 {
	times := func(period, within time.Duration) int64 { return int64(max(0, within)/period) + 1 }
	doubts := times(doubtPause, long)
	if !how.fails() {
		return doubts + times(runPeriod, long) + 1
	}
	older := func(age time.Duration) time.Duration {
		return min(long, long+time.Since(c.site.remote.Status().FetchedAt)-age)
	}
	return doubts + shortRetries + times(steadyRetry, older(runPeriod)) + times(refreshPause, older(refreshAge))
}

// arrive brings one token of each kind, and waits for nobody: who is made to
// wait is still there when the next come.
func (c *crowd) arrive() {
	heard := c.server.heard.Load()
	for _, v := range c.visitors {
		token := v.tokens[c.second%len(v.tokens)]
		for range v.atOnce {
			c.inside.Go(func() { c.visit(v, token, heard) })
		}
	}
	c.second++
}

// visit expects of a token what follows from what the server had said when it
// came, or, if that changed meanwhile, when it was answered. Whoever is good by
// keys that are known does not wait, and nobody waits for a second fetch.
func (c *crowd) visit(v visitor, token string, heard *conduct) {
	came := time.Now()
	claims, err := c.site.verifier.Verify(context.Background(), token, demands)
	took, since := time.Since(came), c.server.heard.Load()
	got := fateOf(err)
	if before, then := v.expect(heard.makes), v.expect(since.makes); got != before && got != then {
		c.t.Errorf("%s: expected %q (or %q), got %q: %v", v.name, before, then, got, err)
	}
	if v.expect(heard.makes) == passes && took != 0 || took > fetchTime {
		c.t.Errorf("%s: expected nobody to wait but strangers, and those for a fetch, got %s", v.name, took)
	}
	if (claims != nil) != (got == passes) {
		c.t.Errorf("%s: expected claims of good tokens only, got %v with %v", v.name, claims, err)
	}
}

// Whatever a key server does, those whose keys are known are let in at once,
// nobody else is, and it is not asked more often than it would be otherwise.
func TestChaosAtTheKeyServer(t *testing.T) {
	visitors := append(signedIn(), strangers()...)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		server := newUnsteadyServer(t)
		site := newSite(t, server, new(shelf), slog.New(slog.NewTextHandler(&log, nil)))
		pass(time.Second) // in which Run fetches for the first time
		c := newCrowd(t, server, site, visitors)
		failed := 0
		for _, how := range append(server.faults(), wrongKeys...) {
			c.during(how, faultTime)
			c.during(well, recoveryTime)
			c.stayAway()
			if how.fails() {
				failed++
			}
		}
		site.stop()
		checkLog(t, log.String(), failed)
	})
}

// checkLog expects every outage to be told of, its end too, and nothing else.
func checkLog(t *testing.T, log string, outages int) {
	t.Helper()
	if got := strings.Count(log, "works again"); got != outages {
		t.Errorf("expected the ends of %d outages in the log, got %d", outages, got)
	}
	if most := outages * int((faultTime+recoveryTime)/time.Minute); strings.Count(log, "failed") > most {
		t.Errorf("expected a failure to be told of once a minute, got %d lines", strings.Count(log, "failed"))
	}
	for _, unwanted := range []string{apiSecret, "clock"} {
		if strings.Contains(log, unwanted) {
			t.Errorf("expected the log not to contain %q, got %s", unwanted, log)
		}
	}
}

// Of a key server that is gone for good nobody notices anything for an hour, not
// even when the process is replaced.
func TestChaosOfAKeyServerThatIsKilled(t *testing.T) {
	visitors := signedIn()
	synctest.Test(t, func(t *testing.T) {
		server, store := newUnsteadyServer(t), new(shelf)
		first := newSite(t, server, store, nil)
		pass(time.Second)
		if got := server.fetches.Load(); got != 1 {
			t.Fatalf("expected one fetch, got %d", got)
		}
		c := newCrowd(t, server, first, visitors)
		c.during(gone, time.Hour)
		if got, least := first.signatures.times.Load(), int64(time.Hour/time.Second); got < least {
			t.Errorf("expected every fresh token to be new to the cache, that is %d verifications, got %d", least, got)
		}
		first.stop()

		c.site = newSite(t, server, store, nil)
		synctest.Wait()
		c.during(gone, faultTime)
	})
}
