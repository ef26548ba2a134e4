// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// RefreshSessionParams says whose session is to go on.
type RefreshSessionParams struct {
	// ExpiredToken is the session token that expired, RefreshToken the value of
	// the cookie __refresh beside it.
	ExpiredToken, RefreshToken string
	// RequestOrigin is the public origin of the request that brought them.
	RequestOrigin string
	// RequestHeaders are that request's, by which Clerk knows the browser. They
	// are left out if they take more than 64 KiB of JSON.
	RequestHeaders map[string][]string
	// RequestOriginatingIP is where the request came from; left out when empty.
	RequestOriginatingIP string
	// SuffixedCookies asks for cookies whose names end in the instance's suffix.
	SuffixedCookies bool
}

const (
	maxRequestHeaders = 64 << 10
	maxSessionID      = 128
)

// Refresh exchanges an expired token for the Set-Cookie directives of a new
// one: POST /sessions/{session_id}/refresh
// (https://clerk.com/docs/reference/backend-api/tag/sessions/post/sessions/{session_id}/refresh).
// There may be none of them. An ID that cannot be a session's is refused
// before Clerk is asked.
func (s *SessionsService) Refresh(ctx context.Context, sessionID string, params RefreshSessionParams) ([]string, error) {
	if err := checkSessionID(sessionID); err != nil {
		return nil, fmt.Errorf("refreshing a session: %w", err)
	}
	headers := params.headers()
	r := &request{
		key:    s.client.secretKey,
		base:   s.client.base,
		path:   "sessions/" + sessionID + "/refresh",
		hidden: secrets{params.ExpiredToken, params.RefreshToken},
	}
	if headers != nil {
		r.hidden = append(r.hidden, credentials(params.RequestHeaders)...)
	}
	if params.SuffixedCookies {
		r.query = url.Values{"suffixed_cookies": {"true"}}
	}
	var result struct {
		Cookies texts `json:"cookies"`
	}
	if err := s.client.post(ctx, r, params.body(headers), &result); err != nil {
		return nil, err
	}
	return result.Cookies, nil
}

type refreshBody struct {
	Format               string          `json:"format"`
	ExpiredToken         string          `json:"expired_token"`
	RefreshToken         string          `json:"refresh_token"`
	RequestOrigin        string          `json:"request_origin"`
	RequestHeaders       json.RawMessage `json:"request_headers,omitempty"`
	RequestOriginatingIP string          `json:"request_originating_ip,omitempty"`
}

func (p *RefreshSessionParams) body(headers json.RawMessage) refreshBody {
	return refreshBody{
		Format:               "cookie",
		ExpiredToken:         p.ExpiredToken,
		RefreshToken:         p.RefreshToken,
		RequestOrigin:        p.RequestOrigin,
		RequestHeaders:       headers,
		RequestOriginatingIP: p.RequestOriginatingIP,
	}
}

// headers writes the headers, if they are not too many.
func (p *RefreshSessionParams) headers() json.RawMessage {
	text, err := json.Marshal(p.RequestHeaders)
	if err != nil || len(p.RequestHeaders) == 0 || len(text) > maxRequestHeaders {
		return nil
	}
	return text
}

// credentials gives all that may be secret in somebody's headers: any value,
// since applications have names of their own for what they authenticate by,
// and each cookie by itself.
func credentials(headers map[string][]string) []string {
	var found []string
	for name, values := range headers {
		found = append(found, values...)
		if !strings.EqualFold(name, "Cookie") {
			continue
		}
		for pair := range strings.SplitSeq(strings.Join(values, ";"), ";") {
			_, value, _ := strings.Cut(pair, "=")
			found = append(found, strings.TrimSpace(value))
		}
	}
	return found
}

// checkSessionID keeps what is no ID from leading to another path of the API:
// it comes from a token.
func checkSessionID(id string) error {
	const signs = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	if id == "" || len(id) > maxSessionID || strings.Trim(id, signs) != "" {
		return fmt.Errorf("expected an ID of at most %d letters, digits, _ and -, got %d bytes", maxSessionID, len(id))
	}
	return nil
}
