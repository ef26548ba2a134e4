// SPDX-License-Identifier: Apache-2.0

// Package backendapi speaks to Clerk's Backend API
// (https://clerk.com/docs/reference/backend-api).
//
// A Client is made once for a secret key and is safe for concurrent use. Its
// resources are its fields:
//
//	client, err := backendapi.New(backendapi.Options{SecretKey: "sk_test_…"})
//	if err != nil {
//		return err
//	}
//	keys, err := client.JWKS.Get(ctx)
//
// Answers of the API that are no success are an *Error, which holds Clerk's
// codes. No error, of this package or beneath it, contains the secret key.
package backendapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What a Client uses when nothing else is said.
const (
	DefaultAPIURL     = "https://api.clerk.com"
	DefaultAPIVersion = "v1"

	// apiDate is the dated version of the API that this package was written
	// against, sent as Clerk-API-Version.
	apiDate        = "2026-05-12"
	userAgent      = "caddy-clerk"
	defaultTimeout = 10 * time.Second
	// maxBody bounds what is read of an answer.
	maxBody = 1 << 20
)

// Doer sends a request: an *http.Client, or whatever stands for one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Options says how a Client reaches Clerk.
type Options struct {
	// SecretKey authenticates the Client. Required.
	SecretKey string
	// APIURL is where the API is; DefaultAPIURL when empty. Only https is
	// accepted, except on loopback, since the secret key is sent there.
	APIURL string
	// APIVersion is the first element of every path; DefaultAPIVersion when
	// empty.
	APIVersion string
	// Doer sends the requests. The default follows no redirects, so that the
	// secret key reaches nobody but APIURL, and gives up after ten seconds.
	Doer Doer
}

// Client speaks to the Backend API.
type Client struct {
	// JWKS is the instance's key set.
	JWKS *JWKSService
	// Clients are the browsers and devices that people are signed in with.
	Clients *ClientsService

	secretKey string
	base      *url.URL
	doer      Doer
}

// New makes a Client. It makes no request.
func New(o Options) (*Client, error) {
	if o.SecretKey == "" {
		return nil, errors.New("the Backend API needs a secret key")
	}
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	if o.APIVersion == "" {
		o.APIVersion = DefaultAPIVersion
	}
	base, err := ParseURL(o.APIURL)
	if err != nil {
		return nil, fmt.Errorf("api_url: %w", err)
	}
	if strings.Trim(o.APIVersion, "/") != o.APIVersion || strings.Contains(o.APIVersion, "..") {
		return nil, fmt.Errorf("api_version: expected a name such as v1, got %q", o.APIVersion)
	}
	if o.Doer == nil {
		o.Doer = DefaultDoer()
	}
	c := &Client{secretKey: o.SecretKey, base: base.JoinPath(o.APIVersion), doer: o.Doer}
	c.JWKS = &JWKSService{c}
	c.Clients = &ClientsService{c}
	return c, nil
}

// DefaultDoer makes the HTTP client that is used when none is given.
func DefaultDoer() *http.Client {
	return &http.Client{
		Timeout: defaultTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}

// ParseURL reads the address of a service of Clerk's: absolute, without user
// information, query or fragment, and encrypted unless it is on this machine.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		// Without the text: it may be a key in the wrong place, or hold one.
		return nil, errors.New("expected an absolute URL such as https://api.clerk.com")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New("expected a URL without user information, query and fragment")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("expected https (http is for loopback only), got %q", text)
	}
	return u, nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// get sends a GET and gives the body of a successful answer.
func (c *Client) get(ctx context.Context, path string, query url.Values) ([]byte, http.Header, error) {
	u := c.base.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, nil, fmt.Errorf("making the request for %s: %w", path, err)
	}
	req.Header.Set("Authorization", "Bearer "+c.secretKey)
	req.Header.Set("Clerk-Api-Version", apiDate)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", userAgent)

	resp, err := c.doer.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("asking Clerk for %s: %w", path, withoutURL(err))
	}
	defer resp.Body.Close()
	body, err := ReadBody(resp.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("reading Clerk's answer for %s: %w", path, err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, newError(path, resp, body, c.hider(query))
	}
	return body, resp.Header, nil
}

// hider takes out of an answer what the request held and no error may hold:
// the secret key and a nonce. Proxies are known to repeat what they were sent.
func (c *Client) hider(query url.Values) *strings.Replacer {
	const hidden = "[hidden]"
	pairs := []string{c.secretKey, hidden}
	if nonce := query.Get("nonce"); nonce != "" {
		pairs = append(pairs, nonce, hidden, url.QueryEscape(nonce), hidden)
	}
	return strings.NewReplacer(pairs...)
}

// withoutURL drops the address from an error of the HTTP client's: a query
// can hold a nonce.
func withoutURL(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// ReadBody reads an answer of at most 1 MiB, and fails on a larger one.
func ReadBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxBody {
		return nil, fmt.Errorf("expected at most %d bytes", maxBody)
	}
	return body, nil
}
