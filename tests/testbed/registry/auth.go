package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const service = "testbed"

// account is the one user of the registry.
type account struct{ name, password string }

func (a account) signedIn(r *http.Request) bool {
	name, password, ok := r.BasicAuth()
	return ok && hmac.Equal([]byte(name), []byte(a.name)) && hmac.Equal([]byte(password), []byte(a.password))
}

func withAuth(next http.Handler, o options) (http.Handler, error) {
	if o.auth == "none" {
		return next, nil
	}
	name, password, ok := strings.Cut(o.user, ":")
	if !ok {
		return nil, fmt.Errorf("-auth %s needs -user name:password", o.auth)
	}
	user := account{name: name, password: password}
	switch o.auth {
	case "basic":
		return withBasic(next, user), nil
	case "bearer":
		return withBearer(next, user, o.tokenTTL), nil
	}
	return nil, fmt.Errorf("-auth %q is none of none, basic, bearer", o.auth)
}

func withBasic(next http.Handler, user account) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !user.signedIn(r) {
			refuse(w, `Basic realm="testbed"`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// grant is what a bearer token says: these scopes, until then.
type grant struct {
	Scopes  []string  `json:"scopes"`
	Expires time.Time `json:"expires"`
}

// allows tells whether the grant holds the action on the repository ("repository:NAME:pull,push").
func (g grant) allows(repository, action string) bool {
	return slices.ContainsFunc(g.Scopes, func(scope string) bool {
		actions, ok := strings.CutPrefix(scope, "repository:"+repository+":")
		return ok && slices.Contains(strings.Split(actions, ","), action)
	})
}

// withBearer does token authentication as in the distribution project's "Token Authentication Specification": a
// request without a good token is sent to the realm, which checks the password and grants the scopes asked for.
func withBearer(next http.Handler, user account, ttl time.Duration) http.Handler {
	key := make([]byte, 32)
	rand.Read(key)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		if !user.signedIn(r) {
			refuse(w, `Basic realm="testbed"`)
			return
		}
		var scopes []string
		for _, each := range r.URL.Query()["scope"] {
			scopes = append(scopes, strings.Fields(each)...)
		}
		token := sign(key, grant{Scopes: scopes, Expires: time.Now().Add(ttl)})
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": int(ttl.Seconds())})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, repository := pathKind(r.URL.Path)
		action := "push"
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			action = "pull"
		}
		scheme := "http"
		if r.TLS != nil {
			scheme = "https"
		}
		challenge := fmt.Sprintf(`Bearer realm="%s://%s/token",service="%s"`, scheme, r.Host, service)
		if repository != "" {
			actions := "pull"
			if action == "push" {
				actions = "pull,push"
			}
			challenge += fmt.Sprintf(`,scope="repository:%s:%s"`, repository, actions)
		}
		granted, ok := verify(key, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		switch {
		case !ok:
			refuse(w, challenge)
		case repository != "" && !granted.allows(repository, action):
			refuse(w, challenge+`,error="insufficient_scope"`)
		default:
			next.ServeHTTP(w, r)
		}
	})
	return mux
}

func refuse(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnauthorized)
	fmt.Fprint(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
}

func sign(key []byte, g grant) string {
	body, err := json.Marshal(g)
	if err != nil {
		panic(err) // a struct of strings and a time always has a JSON form
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return base64.RawURLEncoding.EncodeToString(body) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func verify(key []byte, token string) (grant, bool) {
	var g grant
	head, tail, ok := strings.Cut(token, ".")
	if !ok {
		return g, false
	}
	body, err := base64.RawURLEncoding.DecodeString(head)
	if err != nil {
		return g, false
	}
	sum, err := base64.RawURLEncoding.DecodeString(tail)
	if err != nil {
		return g, false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), sum) || json.Unmarshal(body, &g) != nil {
		return g, false
	}
	return g, time.Now().Before(g.Expires)
}
