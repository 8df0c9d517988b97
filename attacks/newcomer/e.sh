export PATH=CLONE/.venv/bin:CLONE/.testbed/bin:$PATH
cd NEWCOMER
r() { echo "\$ $*"; nice -n 19 "$@" 2>&1; echo "=> $?"; }
