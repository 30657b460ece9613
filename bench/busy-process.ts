/** Another process that wants a whole core, until it is ended. */
for (;;);
