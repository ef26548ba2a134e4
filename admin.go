// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func init() {
	caddy.RegisterModule(adminAPI{})
}

// The paths of the admin API. What follows adminInstance is an ID and
// adminRefresh.
const (
	adminInstances = "/clerk/instances"
	adminInstance  = adminInstances + "/"
	adminRefresh   = "/refresh"
	adminRevoke    = "/clerk/revoke"
	adminReady     = "/clerk/ready"
)

// maxAdminBody is more than a request to revoke takes, in bytes.
const maxAdminBody = 4 << 10

// adminAPI is what operators see of the Clerk instances in use, and what they
// can have done with them. It never tells a secret. It has nothing to be set.
//
// Request | Does
// --------|-----
// `GET /clerk/instances` | Lists the instances in use
// `POST /clerk/instances/<id>/refresh` | Fetches an instance's keys now
// `POST /clerk/revoke` | Refuses the tokens of a session or of a user: `{"session": "sess_…"}`, `{"user": "user_…"}`
// `GET /clerk/ready` | Tells with 200 that all instances in use have keys, else 503
type adminAPI struct{}

// CaddyModule returns the Caddy module information.
func (adminAPI) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.clerk",
		New: func() caddy.Module { return new(adminAPI) },
	}
}

// Routes implements caddy.AdminRouter.
func (adminAPI) Routes() []caddy.AdminRoute {
	route := func(path, method string, handle caddy.AdminHandlerFunc) caddy.AdminRoute {
		return caddy.AdminRoute{Pattern: path, Handler: caddy.AdminHandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
			if r.Method != method {
				w.Header().Set("Allow", method)
				return adminError(http.StatusMethodNotAllowed, fmt.Errorf("%s: expected %s, got %s", path, method, r.Method))
			}
			return handle(w, r)
		})}
	}
	return []caddy.AdminRoute{
		route(adminInstances, http.MethodGet, listInstances),
		route(adminInstance, http.MethodPost, refreshInstance),
		route(adminRevoke, http.MethodPost, revoke),
		route(adminReady, http.MethodGet, tellReadiness),
	}
}

func adminError(status int, err error) error {
	return caddy.APIError{HTTPStatus: status, Err: err, Message: err.Error()}
}

// answerJSON writes an answer that is of this moment only.
func answerJSON(w http.ResponseWriter, status int, value any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(value)
}

// livingInstance is an instance in use, with what it is known by.
type livingInstance struct {
	*instance
	key instanceKey
}

// id is the label that metrics have, too.
func (l livingInstance) id() string { return l.key.String()[:12] }

// livingInstances gives the instances that a configuration uses which has
// started.
func livingInstances() []livingInstance {
	var living []livingInstance
	instances.Range(func(key, value any) bool {
		if l := (livingInstance{value.(*instance), key.(instanceKey)}); l.isInUse() {
			living = append(living, l)
		}
		return true
	})
	slices.SortFunc(living, func(a, b livingInstance) int {
		return strings.Compare(a.key.frontendAPI+" "+a.id(), b.key.frontendAPI+" "+b.id())
	})
	return living
}

func (i *instance) isInUse() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.owners) > 0
}

// hasKeys tells whether tokens can be verified.
func (i *instance) hasKeys() bool {
	return i.remote == nil || !i.remote.Status().FetchedAt.IsZero()
}

func listInstances(w http.ResponseWriter, _ *http.Request) error {
	living := livingInstances()
	statuses := make([]instanceStatus, 0, len(living))
	for _, l := range living {
		statuses = append(statuses, l.status(time.Now()))
	}
	return answerJSON(w, http.StatusOK, statuses)
}

// refreshInstance fetches the keys of one instance now, and waits for it.
func refreshInstance(w http.ResponseWriter, r *http.Request) error {
	id, ok := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, adminInstance), adminRefresh)
	living := livingInstances()
	i := slices.IndexFunc(living, func(l livingInstance) bool { return l.id() == id })
	switch {
	case !ok || i < 0:
		return adminError(http.StatusNotFound, fmt.Errorf("expected %s<id>%s, with an id as %s lists it", adminInstance, adminRefresh, adminInstances))
	case living[i].remote == nil:
		return adminError(http.StatusConflict, errors.New("its key is in the configuration (jwt_key) and is not fetched; change it there, and reload"))
	}
	if err := living[i].remote.Refresh(r.Context()); err != nil {
		return adminError(http.StatusBadGateway, fmt.Errorf("fetching the keys: %w; the keys that are known go on serving", err))
	}
	return answerJSON(w, http.StatusOK, living[i].status(time.Now()))
}

// revocation is what is to be revoked: one of the two.
type revocation struct {
	Session string `json:"session"`
	User    string `json:"user"`
}

var (
	sessionID = regexp.MustCompile(`^sess_[A-Za-z0-9_]{1,100}$`)
	userID    = regexp.MustCompile(`^user_[A-Za-z0-9_]{1,100}$`)
)

// id gives the ID of the session or of the user.
func (r *revocation) id() (string, error) {
	switch {
	case r.Session != "" && r.User == "" && sessionID.MatchString(r.Session):
		return r.Session, nil
	case r.User != "" && r.Session == "" && userID.MatchString(r.User):
		return r.User, nil
	}
	return "", errors.New(`expected {"session": "sess_…"} or {"user": "user_…"}`)
}

func revoke(w http.ResponseWriter, r *http.Request) error {
	var wanted revocation
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&wanted); err != nil {
		wanted = revocation{}
	}
	id, err := wanted.id()
	if err != nil {
		return adminError(http.StatusBadRequest, err)
	}
	living := livingInstances()
	if len(living) == 0 {
		return adminError(http.StatusConflict, errors.New("no Clerk instance is in use, so nobody is let in anyway; look at the configuration"))
	}
	answer := struct {
		Revoked string    `json:"revoked"`
		Until   time.Time `json:"until"`
	}{Revoked: id}
	now := time.Now()
	for _, l := range living {
		until, err := l.revoked.revoke(id, now, now)
		if err != nil {
			return adminError(http.StatusServiceUnavailable, fmt.Errorf("%w; try again in a minute, and end sessions at Clerk meanwhile", err))
		}
		if until.After(answer.Until) {
			answer.Until = until
		}
	}
	if err := tellOthers(r.Context(), living, id, now); err != nil {
		return adminError(http.StatusBadGateway, fmt.Errorf("this Caddy refuses %s until %s, but others that use its storage were not told, "+
			"nor is it known after a restart: %w; try again, or tell each of them", id, answer.Until.Format(time.RFC3339), err))
	}
	return answerJSON(w, http.StatusOK, answer)
}

// tellOthers posts a revocation on the boards of the instances, of which there is
// one but while configurations change.
func tellOthers(ctx context.Context, living []livingInstance, id string, at time.Time) error {
	var told []*revocationBoard
	for _, l := range living {
		board := l.board()
		if board == nil || slices.Contains(told, board) {
			continue
		}
		if err := board.post(ctx, id, at); err != nil {
			return err
		}
		told = append(told, board)
	}
	return nil
}

// tellReadiness answers 503 while there are instances without keys. It is no
// error: whoever waits asks again and again.
func tellReadiness(w http.ResponseWriter, _ *http.Request) error {
	answer := struct {
		Ready   bool             `json:"ready"`
		Waiting []instanceStatus `json:"waiting,omitempty"`
	}{}
	for _, l := range livingInstances() {
		if !l.hasKeys() {
			answer.Waiting = append(answer.Waiting, l.status(time.Now()))
		}
	}
	answer.Ready = len(answer.Waiting) == 0
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	return answerJSON(w, status, answer)
}

// Interface guard
var _ caddy.AdminRouter = (*adminAPI)(nil)
