"""What is kept: the database of a workspace, its schema, its migrations and its queries.

Queries are written in SQLAlchemy Core, because importing the ORM would cost every listing half a
second more; Alembic is imported only when a database has to be migrated.
"""
