import type { ApplicationConfig } from '@angular/core';
import { provideClientHydration } from '@angular/platform-browser';
import { provideConnectionPool } from 'rxpool/angular';
import { settings } from './settings.js';

export const config: ApplicationConfig = { providers: [provideClientHydration(), provideConnectionPool(settings)] };
