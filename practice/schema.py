"""The store's schema, as the steps that lead to it. A published step is never changed; a new one is added.

Times are ISO 8601 in UTC, except those of the job queue (seconds since 1970, so that a clock can be given).
"""

_FIRST = (
    """
    CREATE TABLE files (
        id TEXT PRIMARY KEY,
        content_mac TEXT NOT NULL UNIQUE,
        sealed_name TEXT NOT NULL,
        sealed_key BLOB NOT NULL,
        name BLOB NOT NULL,
        origin TEXT NOT NULL,
        size INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('kept', 'quarantined')),
        reason TEXT,
        message TEXT,
        received_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE patients (
        id TEXT PRIMARY KEY,
        root TEXT NOT NULL,
        lone INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX patients_by_root ON patients (root)",
    """
    CREATE TABLE joins (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        patient_id TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
        into_id TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
        joined_at TEXT NOT NULL,
        undone_at TEXT
    )
    """,
    """
    CREATE TABLE reports (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        file_id TEXT NOT NULL REFERENCES files (id),
        report_index INTEGER NOT NULL,
        patient_id TEXT REFERENCES patients (id),
        report_type TEXT,
        status TEXT NOT NULL,
        signed INTEGER NOT NULL,
        signed_by TEXT,
        signed_at TEXT,
        observed_at TEXT,
        author TEXT,
        accession TEXT,
        supersedes TEXT,
        superseded_by TEXT,
        kept_at TEXT NOT NULL,
        trainable_at TEXT,
        text TEXT NOT NULL,
        structure TEXT NOT NULL,
        deidentified TEXT NOT NULL,
        extracted TEXT NOT NULL,
        UNIQUE (file_id, report_index)
    )
    """,
    "CREATE INDEX reports_by_patient ON reports (patient_id)",
    "CREATE INDEX reports_by_accession ON reports (accession)",
    "CREATE INDEX reports_by_supersedes ON reports (supersedes)",
    "CREATE INDEX reports_by_kept ON reports (kept_at)",
    "CREATE INDEX reports_by_trainable ON reports (trainable_at) WHERE trainable_at IS NOT NULL",
    "CREATE INDEX files_by_state ON files (state)",
    """
    CREATE TABLE holds (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        reason TEXT NOT NULL,
        held_at TEXT NOT NULL,
        PRIMARY KEY (report_id, reason)
    )
    """,
    """
    CREATE TABLE identities (
        report_id TEXT PRIMARY KEY REFERENCES reports (id) ON DELETE CASCADE,
        patient_id TEXT REFERENCES patients (id),
        authority TEXT NOT NULL,
        mrn TEXT NOT NULL,
        name TEXT NOT NULL,
        birth_date TEXT NOT NULL,
        identity TEXT NOT NULL
    )
    """,
    "CREATE INDEX identities_by_patient ON identities (patient_id)",
    "CREATE INDEX identities_by_mrn ON identities (mrn)",
    "CREATE INDEX identities_by_name ON identities (name, birth_date)",
    """
    CREATE TABLE answers (
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        key TEXT NOT NULL,
        release TEXT NOT NULL,
        answer TEXT NOT NULL,
        prepared_at TEXT NOT NULL,
        PRIMARY KEY (report_id, key, release)
    )
    """,
    """
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        ids TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0,
        run_after REAL NOT NULL DEFAULT 0,
        lease_until REAL,
        lease TEXT,
        error TEXT,
        enqueued_at TEXT NOT NULL
    )
    """,
    "CREATE INDEX jobs_by_state ON jobs (state, kind, run_after)",
    "CREATE INDEX jobs_by_ids ON jobs (ids)",
    """
    CREATE TABLE feedback (
        id TEXT PRIMARY KEY,
        report_id TEXT NOT NULL REFERENCES reports (id) ON DELETE CASCADE,
        tool TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'edited', 'rejected')),
        draft TEXT NOT NULL,
        final TEXT,
        token_id TEXT,
        state TEXT NOT NULL CHECK (state IN ('pending', 'confirmed', 'dismissed')),
        physician TEXT,
        given_at TEXT NOT NULL,
        decided_at TEXT
    )
    """,
    "CREATE INDEX feedback_by_report ON feedback (report_id)",
    """
    CREATE TABLE tokens (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        salt BLOB NOT NULL,
        hash BLOB NOT NULL,
        egress TEXT NOT NULL CHECK (egress IN ('cloud', 'local')),
        scopes TEXT NOT NULL,
        daily_limit INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        revoked_at TEXT
    )
    """,
    """
    CREATE TABLE token_uses (
        token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
        day TEXT NOT NULL,
        report_id TEXT NOT NULL,
        PRIMARY KEY (token_id, day, report_id)
    )
    """,
    "CREATE TABLE forgotten (content_mac TEXT PRIMARY KEY, forgotten_at TEXT NOT NULL)",
    "CREATE VIRTUAL TABLE words USING fts5 (text, content = 'reports', content_rowid = 'seq')",
    "INSERT INTO words (words, rank) VALUES ('secure-delete', 1)",
    """
    CREATE TRIGGER reports_insert AFTER INSERT ON reports BEGIN
        INSERT INTO words (rowid, text) VALUES (new.seq, new.text);
    END
    """,
    """
    CREATE TRIGGER reports_delete AFTER DELETE ON reports BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.seq, old.text);
    END
    """,
    """
    CREATE TRIGGER reports_update AFTER UPDATE OF text ON reports BEGIN
        INSERT INTO words (words, rowid, text) VALUES ('delete', old.seq, old.text);
        INSERT INTO words (rowid, text) VALUES (new.seq, new.text);
    END
    """,
)

_RATINGS = (
    """
    CREATE TABLE forms (
        id TEXT PRIMARY KEY,
        release TEXT NOT NULL,
        items TEXT NOT NULL,
        made_at TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE marks (
        form_id TEXT NOT NULL REFERENCES forms (id) ON DELETE CASCADE,
        physician TEXT NOT NULL,
        marks TEXT NOT NULL,
        given_at TEXT NOT NULL,
        PRIMARY KEY (form_id, physician)
    )
    """,
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _RATINGS)
