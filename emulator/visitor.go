// SPDX-License-Identifier: Apache-2.0

package emulator

import (
	"net/http"
	"net/url"
)

// visitor is a page that asks the Frontend API something.
type visitor struct {
	place       place
	browser     string // the name of the browser that the page is in, "" for none that is known
	azp         string // the page's origin, for the tokens that it is given
	query, form url.Values
}

type (
	pageHandler    func(w http.ResponseWriter, r *http.Request, v visitor)
	sessionHandler func(w http.ResponseWriter, r *http.Request, v visitor, s session)
)

// fromPage answers pages: of every origin in development, where an application
// may run anywhere, and of the own origin alone in production.
func (e *Emulator) fromPage(next pageHandler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := visitor{place: e.seenFrom(r)}
		v.azp = v.place.origin
		if origin := r.Header.Get("Origin"); origin != "" {
			if err := checkOrigin(origin); err != nil {
				writeAPIError(w, http.StatusForbidden, "origin_invalid", "Origin: expected that of a page")
				return
			}
			v.azp = origin
		}
		isForeign := isCrossOrigin(r, v.place)
		if isForeign && !e.admitForeign(w, r) {
			return
		}
		var err error
		if v.query, err = readQuery(r); err == nil {
			v.form, err = readForm(r)
		}
		if err != nil {
			writeAPIError(w, http.StatusBadRequest, "request_invalid", err.Error())
			return
		}
		v.browser = e.browserOfPage(r, v.query, isForeign)
		next(w, r, v)
	}
}

// admitForeign lets a page on another origin read the answer in development. The
// origin is named because a browser gives answers to requests with credentials to
// no other.
func (e *Emulator) admitForeign(w http.ResponseWriter, r *http.Request) bool {
	if e.production {
		writeAPIError(w, http.StatusForbidden, "origin_invalid", "expected a page on the origin of the Frontend API, got one on another")
		return false
	}
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
	}
	return true
}

// browserOfPage never knows a page on another origin by its cookies: the browser
// sends them whoever made the page.
func (e *Emulator) browserOfPage(r *http.Request, query url.Values, isForeign bool) string {
	if e.production {
		return e.knownCookie(r, cookieClient)
	}
	if id := query.Get(cookieDevBrowser); id != "" || isForeign {
		if !e.store.knows(id) {
			return ""
		}
		return id
	}
	return e.browserOf(r, query)
}

// fromBrowser is fromPage that demands a development browser it knows. Clerk's
// client makes itself another when it is told that there is none.
func (e *Emulator) fromBrowser(next pageHandler) http.HandlerFunc {
	return e.fromPage(func(w http.ResponseWriter, r *http.Request, v visitor) {
		if v.browser == "" && !e.production {
			writeAPIError(w, http.StatusUnauthorized, "dev_browser_unauthenticated", "__clerk_db_jwt: expected a browser that is known, got another or none")
			return
		}
		next(w, r, v)
	})
}

// fromSession is fromBrowser that demands that the session in the path is one of
// the browser's own.
func (e *Emulator) fromSession(next sessionHandler) http.HandlerFunc {
	return e.fromBrowser(func(w http.ResponseWriter, r *http.Request, v visitor) {
		c := e.store.clientOf(v.browser)
		s := c.session(r.PathValue("id"))
		if s == nil {
			writeSignedOut(w)
			return
		}
		next(w, r, v, *s)
	})
}

// writeSignedOut makes Clerk's client look who is signed in.
func writeSignedOut(w http.ResponseWriter) {
	writeAPIError(w, http.StatusUnauthorized, "authentication_invalid", "expected a session of this browser that goes on, got another or none")
}
