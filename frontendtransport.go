// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"

	"github.com/caddy-clerk/caddy-clerk/frontendapi"
)

// frontendTransport adds what Clerk asks a proxy for, the secret key included. It
// stands below reverse_proxy, which logs the headers that it sends, and those and
// the errors that come back.
type frontendTransport struct {
	next      http.RoundTripper
	upstream  *frontendapi.Upstream
	secretKey string
}

// RoundTrip implements http.RoundTripper.
func (t *frontendTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	of := r.Context().Value(frontendRequestKey{}).(*frontendRequest)
	out := r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(_ int, header textproto.MIMEHeader) error {
			t.removeKey(http.Header(header))
			return nil
		},
	}))
	out.Host, out.Header = t.upstream.Host(), t.header(r.Header, of)
	answer, err := t.next.RoundTrip(out)
	if err != nil {
		return nil, t.withoutKey(err)
	}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		_ = answer.Body.Close()
		return nil, errSwitched
	}
	return t.clean(answer, out.URL.Path, of.proxyURL), nil
}

// errSwitched is an upstream's mistake, since no request asks for it.
var errSwitched = errors.New("expected an answer in HTTP, and the upstream changed over to another protocol (101)")

// header is what the Frontend API is sent.
func (t *frontendTransport) header(came http.Header, of *frontendRequest) http.Header {
	// The values stay shared, since none is changed.
	header := maps.Clone(came)
	for name, value := range map[string]string{
		headerProxyURL:      of.proxyURL,
		headerSecretKey:     t.secretKey,
		"X-Forwarded-Host":  of.host,
		"X-Forwarded-Proto": of.scheme,
		"X-Forwarded-For":   of.clientIP,
	} {
		header[name] = []string{value}
	}
	if of.clientIP == "" {
		delete(header, "X-Forwarded-For")
	}
	return header
}

// clean gives an answer to a request for a path as the browser may have it.
// Trailers are left out: the Frontend API has none, and nobody can look at them
// before they are passed on.
func (t *frontendTransport) clean(answer *http.Response, path, proxyURL string) *http.Response {
	cleaned := *answer
	cleaned.Trailer = nil
	cleaned.Status = strings.ReplaceAll(answer.Status, t.secretKey, "")
	t.removeKey(cleaned.Header)
	for i, location := range cleaned.Header["Location"] {
		cleaned.Header["Location"][i] = t.upstream.PublicLocation(location, path, proxyURL)
	}
	return &cleaned
}

// removeKey takes the secret key out of an answer, where an upstream repeats what
// it was sent.
func (t *frontendTransport) removeKey(h http.Header) {
	for name, values := range h {
		if slices.ContainsFunc(values, func(value string) bool { return strings.Contains(value, t.secretKey) }) {
			delete(h, name)
		}
	}
}

// withoutKey does the same to an error: those of net/http repeat what they could
// not read.
func (t *frontendTransport) withoutKey(err error) error {
	if text := err.Error(); strings.Contains(text, t.secretKey) {
		return errors.New(strings.ReplaceAll(text, t.secretKey, "[secret key]"))
	}
	return err
}
